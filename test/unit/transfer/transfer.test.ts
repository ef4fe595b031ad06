import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import { makeTransfer } from '../../../src/transfer/transfer.ts'
import { makeRun } from './run-fixture.ts'

const idle = {
  abort: () => undefined,
  pause: () => undefined,
  token: () => undefined,
  uploadId: () => undefined,
}

describe('the handle of a transfer', () => {
  it('is a promise with an id and live progress', async () => {
    let transferred = 0
    const transfer = makeTransfer(Promise.resolve('done'), {
      id: 7,
      progress: () => ({ transferred, total: 10 }),
      ...idle,
      uploadId: () => (transferred === 0 ? undefined : 'upload'),
    })
    expect([transfer.id, transfer.uploadId]).toEqual([7, undefined])
    transferred = 4
    expect(transfer.uploadId).toBe('upload')
    expect(transfer.progress).toEqual({ transferred: 4, total: 10 })
    expect(await transfer).toBe('done')
    expect(transfer).toBeInstanceOf(Promise)
  })

  it('aborts with the reason, and resolves when the transfer has ended, however', async () => {
    const reasons: unknown[] = []
    let fail: (error: Error) => void = () => undefined
    const promise = new Promise<never>((_, reject) => (fail = reject))
    const transfer = makeTransfer(promise, {
      id: 1,
      progress: () => ({ transferred: 0, total: undefined }),
      ...idle,
      abort: (reason) => reasons.push(reason),
    })
    let isOver = false
    const aborting = transfer.abort('because').then(() => (isOver = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect([reasons, isOver]).toEqual([['because'], false])
    fail(new Error('aborted'))
    await aborting
    await expect(transfer).rejects.toThrow('aborted')
  })
})

describe('the pause of a transfer', () => {
  it.each(['the token', undefined])('resolves when it has ended, with %s', async (token) => {
    let fail: (error: Error) => void = () => undefined
    let isPaused = false
    const promise = new Promise<never>((_, reject) => (fail = reject))
    const transfer = makeTransfer(promise, {
      id: 1,
      progress: () => ({ transferred: 0, total: undefined }),
      ...idle,
      pause: () => (isPaused = true),
      token: () => token,
    })
    const pausing = transfer.pause()
    expect(isPaused).toBe(true)
    fail(new Error('paused'))
    expect(await pausing).toBe(token)
    await expect(transfer).rejects.toThrow('paused')
  })
})

describe('a run', () => {
  it('is stopped by the signal of the caller, who finds the reason as the cause', async () => {
    const { run, controller, executor } = makeRun()
    controller.abort(new Error('changed my mind'))
    expect(run.signal.aborted).toBe(true)
    expect(run.failure(new Error('later'))).toMatchObject({
      code: 'ERR_ABORTED',
      cause: { message: 'changed my mind' },
      context: { transferId: 1, bucket: 'bucket', key: 'key' },
    })
    expect(executor.cancelled).toEqual([1])
  })

  it('ends with the first reason it was stopped for', () => {
    const { run, executor } = makeRun()
    run.stop(new TransferError('ERR_DISK_FULL', 'full'))
    run.stop(new TransferError('ERR_ACCESS_DENIED', 'no'))
    run.abort('enough')
    expect(run.failure(new Error('x')).code).toBe('ERR_DISK_FULL')
    expect(executor.cancelled).toEqual([1])
  })

  it('lets go of the signal of the caller at its end', () => {
    const { run, controller, executor } = makeRun()
    run.end(1, undefined)
    controller.abort()
    expect(run.signal.aborted).toBe(false)
    expect(executor.cancelled).toEqual([])
  })
})
