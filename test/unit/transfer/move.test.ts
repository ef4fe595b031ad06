import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import { removeSource } from '../../../src/transfer/move.ts'
import { failureOf } from '../../helpers/failure.ts'

const CONTEXT = { key: 'k', path: '/p' }
const fails = (why: Error) => () => Promise.reject(why)

describe('the last step of a move', () => {
  it.each(['checksum', 'size'] as const)('is taken when %s proves the copy', async (verified) => {
    let isRemoved = false
    const remove = (): Promise<void> => {
      isRemoved = true
      return Promise.resolve()
    }
    await removeSource({ verified }, CONTEXT, remove)
    expect(isRemoved).toBe(true)
  })

  it('is not taken when nothing does', async () => {
    const remove = (): never => expect.unreachable()
    const error = await failureOf(removeSource({ verified: 'none' }, CONTEXT, remove))
    expect(error).toMatchObject({ code: 'ERR_SOURCE_NOT_REMOVED', context: CONTEXT })
    expect(error.message).toMatch(/^Copied, but the source is still there: .* nothing proves it$/)
  })

  it('says why it failed, and where', async () => {
    const why = new TransferError('ERR_ACCESS_DENIED', 'The store says no', { requestId: 'r' })
    const error = await failureOf(removeSource({ verified: 'size' }, CONTEXT, fails(why)))
    expect(error).toMatchObject({
      code: 'ERR_SOURCE_NOT_REMOVED',
      message: 'Copied, but the source is still there: The store says no',
      context: { ...CONTEXT, requestId: 'r' },
      cause: why,
      retryable: false,
    })
  })

  it('says so of what is no error of ours', async () => {
    const why = Object.assign(new Error('EBUSY: resource busy'), { code: 'EBUSY' })
    const error = await failureOf(removeSource({ verified: 'size' }, CONTEXT, fails(why)))
    expect(error).toMatchObject({ code: 'ERR_SOURCE_NOT_REMOVED', cause: why })
    expect(error.message).toContain('EBUSY')
  })

  it('stays an abort', async () => {
    const why = new TransferError('ERR_ABORTED', 'The transfer was aborted')
    const error = await failureOf(removeSource({ verified: 'size' }, CONTEXT, fails(why)))
    expect(error.code).toBe('ERR_ABORTED')
  })
})
