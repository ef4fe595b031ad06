import { describe, expect, it } from 'vitest'
import { TransferError, type ErrorCode } from '../../../src/errors.ts'
import type { JobRecord } from '../../../src/queue/job-record.ts'
import type { ShardMessage } from '../../../src/queue/results.ts'
import { runShard, type CopyStretch } from '../../../src/queue/shard-run.ts'
import type { Outcome } from '../../../src/tree/outcome.ts'
import type { TreeTransfer } from '../../../src/tree/tree-transfer.ts'

const shard = { index: 0, after: 'a', upTo: 'z', objects: 1, bytes: 1 }
const record = { overwrite: 'newer', options: {} } as unknown as JobRecord
const what = { operation: 'copy', name: 'b', key: 'b', path: undefined, size: 1 } as const
const failed = (code: ErrorCode): Outcome => {
  return { ...what, reason: 'missing', status: 'failed', error: new TransferError(code, code) }
}

/** An attempt at a shard of one object, where each look at it meets what is given. */
async function attempt(looks: readonly (Outcome | undefined)[], isLast: boolean) {
  const told: Outcome[] = []
  const ends: Pick<ShardMessage, 'end' | 'error'>[] = []
  const hooks: unknown[] = []
  const copy: CopyStretch = (_, { onBeforeTransfer, onOutcome }, { range }) => {
    expect(range).toEqual({ after: 'a', upTo: 'z' })
    const outcome = looks[hooks.length]
    hooks.push(onBeforeTransfer?.({ reason: 'missing' } as never))
    if (outcome !== undefined) void onOutcome?.(outcome)
    const counts = { skipped: 0, failed: outcome?.status === 'failed' ? 1 : 0 }
    return Object.assign(Promise.resolve(counts), {
      progress: { seen: 1 },
    }) as unknown as TreeTransfer
  }
  const sender = {
    add: (outcome: Outcome) => void told.push(outcome),
    end: (last = {}) => Promise.resolve(void ends.push(last)),
  }
  const { signal } = new AbortController()
  const run = runShard({ record, shard, copy, sender, isLast, signal })
  const error = await run.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  return { told, ends, hooks, error }
}

describe('an attempt at a shard', () => {
  it('looks again when somebody else wrote it meanwhile, and finds it in place', async () => {
    const { told, ends, hooks } = await attempt([failed('ERR_PRECONDITION_FAILED')], false)
    expect(hooks).toEqual([{ ifNoneMatch: '*' }, { ifNoneMatch: '*' }])
    expect([told, ends]).toEqual([[], [{ end: { seen: 1, skipped: 0, failed: 0 } }]])
  })

  it('goes without conditions where the store knows none', async () => {
    const { hooks, ends } = await attempt([failed('ERR_NOT_SUPPORTED')], false)
    expect(hooks).toEqual([{ ifNoneMatch: '*' }, undefined])
    expect(ends).toEqual([{ end: { seen: 1, skipped: 0, failed: 0 } }])
  })

  it('tells of failures at the last attempt, and not before', async () => {
    const denied = failed('ERR_ACCESS_DENIED')
    const first = await attempt([denied], false)
    expect([first.told, first.ends]).toEqual([[], [{}]])
    expect(first.error).toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    const last = await attempt([denied], true)
    expect(last.told).toEqual([denied])
    expect(last.ends).toEqual([{ end: { seen: 1, skipped: 0, failed: 1 } }])
    expect(last.error).toBeUndefined()
  })
})
