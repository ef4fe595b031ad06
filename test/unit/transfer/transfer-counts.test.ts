import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import { TransferCounts } from '../../../src/transfer/transfer-counts.ts'
import { makeRun } from './run-fixture.ts'

describe('the counts of transfers', () => {
  it('tell each kind and outcome apart, and time all of them', () => {
    const counts = new TransferCounts()
    for (const kind of ['upload', 'upload', 'upload', 'upload', 'read'] as const) {
      counts.submitted(kind)
    }
    counts.ended('upload', undefined, 20)
    counts.ended('upload', new TransferError('ERR_ABORTED', ''), 40)
    counts.ended('upload', new TransferError('ERR_TLS', ''), 10_000_000)
    const { kinds, failures, retries } = counts.totals()
    expect(kinds.upload).toMatchObject({ submitted: 4, succeeded: 1, failed: 1, aborted: 1 })
    expect(kinds.upload.elapsedMs).toMatchObject({ count: 3, sum: 10_000_060 })
    expect(kinds.upload.elapsedMs.buckets.map(({ count }) => count)).toEqual([
      0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    ])
    expect(kinds.read).toMatchObject({ submitted: 1, succeeded: 0, failed: 0, aborted: 0 })
    expect(kinds.download).toMatchObject({ submitted: 0, elapsedMs: { count: 0, sum: 0 } })
    expect(failures).toEqual({ total: 1, byCode: { ERR_TLS: 1 } })
    expect(retries).toEqual({ total: 0, byCode: {} })
  })

  it('add up retries by code', () => {
    const counts = new TransferCounts()
    counts.retried('ERR_THROTTLED')
    counts.retried('ERR_CONNECT')
    counts.retried('ERR_THROTTLED')
    expect(counts.totals().retries).toEqual({
      total: 3,
      byCode: { ERR_THROTTLED: 2, ERR_CONNECT: 1 },
    })
  })

  it('are kept by a run whether or not anybody listens', () => {
    const { run, env } = makeRun()
    const error = new TransferError('ERR_CONNECT', '')
    run.retried({ partNumber: 1, attempt: 1, delayMs: 0, error })
    const heard: unknown[] = []
    env.events.on('retry', (event) => heard.push(event))
    run.retried({ partNumber: 1, attempt: 2, delayMs: 0, error })
    run.end(5, undefined)
    expect(heard).toMatchObject([{ transfer: { id: 1 }, attempt: 2 }])
    expect(env.counts.totals()).toMatchObject({
      retries: { total: 2 },
      kinds: { upload: { submitted: 1, succeeded: 1, elapsedMs: { count: 1 } } },
    })
  })
})
