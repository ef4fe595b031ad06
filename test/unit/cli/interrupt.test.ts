import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Interruption } from '../../../src/cli/interrupt.ts'

function stage() {
  const exits: number[] = []
  const told: string[] = []
  const stdout = new EventEmitter()
  const target = Object.assign(new EventEmitter(), {
    stdout,
    exit: (code: number) => exits.push(code),
  })
  const interruption = new Interruption((signal) => told.push(signal), target)
  const send = (signal: string): boolean => target.emit(signal, signal)
  return { interruption, send, stdout, target, exits, told }
}

describe('an interruption', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])('by %s aborts, and has the exit code %i', (signal, code) => {
    const { interruption, send, exits, told } = stage()
    expect(interruption.exitCode).toBeUndefined()
    send(signal)
    expect(interruption.signal.aborted).toBe(true)
    expect(interruption.exitCode).toBe(code)
    expect(told).toEqual([signal])
    expect(exits).toEqual([])
  })

  it('exits at once the second time', () => {
    const { send, exits, told } = stage()
    send('SIGINT')
    send('SIGINT')
    expect(exits).toEqual([130])
    expect(told).toEqual(['SIGINT'])
  })

  it('by a reader that went away is quiet', () => {
    const { interruption, stdout, told } = stage()
    stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(interruption.signal.aborted).toBe(true)
    expect(interruption.exitCode).toBe(141)
    expect(interruption.outputError).toBeUndefined()
    expect(told).toEqual([])
  })

  it('by output that cannot be written is a failure', () => {
    const { interruption, stdout } = stage()
    const error = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' })
    stdout.emit('error', error)
    expect(interruption.signal.aborted).toBe(true)
    expect(interruption.exitCode).toBeUndefined()
    expect(interruption.outputError).toBe(error)
  })

  it('leaves no listener behind', () => {
    const { interruption, target, stdout } = stage()
    interruption[Symbol.dispose]()
    expect(target.eventNames()).toEqual([])
    expect(stdout.eventNames()).toEqual([])
  })
})
