import { describe, expect, it } from 'vitest'
import {
  ERROR_CODES,
  fromWire,
  isTransferError,
  toTransferError,
  toWire,
  TransferError,
  type ErrorCode,
} from '../../src/errors.ts'

const codes = Object.keys(ERROR_CODES) as ErrorCode[]

describe('the catalogue of codes', () => {
  it.each(codes)('%s has a name of its kind and a hint that is a sentence', (code) => {
    expect(code).toMatch(/^ERR_[A-Z]+(_[A-Z]+)*$/)
    const { hint, retryable } = ERROR_CODES[code]
    expect(hint).toMatch(/^[A-Z].*[.?]$/)
    expect(new TransferError(code, 'm')).toMatchObject({ code, hint, retryable })
  })
})

describe('a TransferError', () => {
  it('keeps code, context and cause', () => {
    const cause = new Error('below')
    const error = new TransferError('ERR_CONNECT', 'no way', { bucket: 'b' }, { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('TransferError')
    expect(error.cause).toBe(cause)
    expect(error.context).toEqual({ bucket: 'b' })
  })

  it('takes more context without losing what it has, its cause or its stack', () => {
    const cause = new Error('below')
    const error = new TransferError('ERR_CONNECT', 'm', { key: 'first' }, { cause })
    const more = error.with({ key: 'second', partNumber: 3 })
    expect(more.context).toEqual({ key: 'first', partNumber: 3 })
    expect([more.cause, more.stack, more.code]).toEqual([cause, error.stack, 'ERR_CONNECT'])
  })

  it('is known without its class, as from another copy of the package', () => {
    const foreign = Object.assign(new Error('m'), {
      [Symbol.for('transfer-engine.TransferError')]: true,
    })
    expect(isTransferError(foreign)).toBe(true)
    expect(isTransferError(new TransferError('ERR_CLOSED', 'm'))).toBe(true)
    for (const other of [new Error('m'), undefined, null, 'ERR_CLOSED', { code: 'ERR_CLOSED' }]) {
      expect(isTransferError(other)).toBe(false)
    }
  })

  it.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['a string', 'a string'],
    [undefined, 'undefined'],
  ])('is made of anything thrown: %s', (thrown, message) => {
    const error = toTransferError(thrown, { key: 'k' })
    expect(error).toMatchObject({ code: 'ERR_INTERNAL', message, context: { key: 'k' } })
    expect(error.cause).toBe(thrown)
  })
})

describe('the wire form', () => {
  it.each(codes)('carries %s across as plain data', (code) => {
    const cause = Object.assign(new RangeError('below'), { code: 'ECONNRESET', secret: 'hidden' })
    const context = { bucket: 'b', key: 'k', partNumber: 7, status: 503, retryAfterMs: 10 }
    const wire = toWire(new TransferError(code, 'it broke', context, { cause }))
    const posted = structuredClone(wire)
    expect(JSON.parse(JSON.stringify(wire))).toEqual(posted)
    expect(JSON.stringify(wire)).not.toContain('hidden')
    const back = fromWire(posted)
    expect(back).toBeInstanceOf(TransferError)
    expect(back).toMatchObject({ code, message: 'it broke', context })
    expect(back.cause).toMatchObject({ name: 'RangeError', message: 'below', code: 'ECONNRESET' })
    expect(back.cause).toBeInstanceOf(Error)
  })

  it('does without a cause, and with one that is no error', () => {
    expect(toWire(new TransferError('ERR_CLOSED', 'm'))).toEqual({
      code: 'ERR_CLOSED',
      message: 'm',
      context: {},
    })
    const odd = new TransferError('ERR_CLOSED', 'm', {}, { cause: { password: 'hidden' } })
    expect(JSON.stringify(odd)).not.toContain('hidden')
    expect(fromWire(toWire(odd)).cause).toBeUndefined()
  })

  it('is what an error prints as JSON', () => {
    const error = new TransferError('ERR_CLOSED', 'm', { key: 'k' })
    expect(JSON.parse(JSON.stringify(error))).toEqual(toWire(error))
  })

  it('makes ERR_INTERNAL of what is none of ours', () => {
    expect(toWire(new Error('odd'))).toMatchObject({ code: 'ERR_INTERNAL', message: 'odd' })
  })
})
