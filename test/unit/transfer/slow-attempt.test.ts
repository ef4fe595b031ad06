/** What is done about an attempt that takes longer than others, with a fake clock. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PartResult } from '../../../src/pool/protocol.ts'
import { attempt } from '../../../src/transfer/attempt.ts'
import type { PartRequest } from '../../../src/transfer/request-attempt.ts'
import { failed, makeRun, NOTHING_TAKEN, takenOf, type RunFixture } from './run-fixture.ts'

const LENGTH = 100
const BYTES = new SharedArrayBuffer(LENGTH)
const SLOW_MS = 2000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function request(whenSlow: PartRequest['whenSlow'], given: Partial<PartRequest> = {}): PartRequest {
  return {
    partNumber: 4,
    length: LENGTH,
    operation: 'UploadPart',
    makeJob: (slot) => ({
      kind: 'put',
      transferId: 1,
      slot,
      key: 'key',
      query: '',
      headers: [],
      source: { kind: 'memory', buffer: BYTES, offset: 0 },
      length: LENGTH,
      algorithm: 'CRC32',
      sendChecksum: true,
    }),
    whenSlow,
    ...given,
  }
}

interface Slow extends RunFixture {
  /** Ends the n-th attempt, from 1: with what is given, else with success. */
  end(attempt: number, result?: PartResult): void
}

/** A run that has seen enough requests of this kind, and whose attempts end when told to. */
function slowRun(): Slow {
  const fixture = makeRun()
  const { env, executor } = fixture
  for (let part = 0; part < 200; part += 1) {
    env.scheduler.hedging.noteArrived(`UploadPart bucket ${LENGTH}`, SLOW_MS)
  }
  const gates: (() => void)[] = []
  const results = new Map<number, PartResult>()
  executor.before = () => new Promise((resolve) => gates.push(resolve))
  executor.fault = (job) => results.get(job.slot)
  const end = (number: number, result?: PartResult): void => {
    const slot = executor.jobs[number - 1]?.slot ?? -1
    if (result !== undefined) results.set(slot, result)
    gates[number - 1]?.()
  }
  // As the worker does: what is cut answers at once.
  executor.cancel = (transferId, slot) => {
    executor.cancelled.push(transferId)
    const number = executor.jobs.findIndex((job) => job.slot === slot) + 1
    end(number, failed('ERR_ABORTED'))
  }
  return { ...fixture, end }
}

describe('an upload that is slow', () => {
  it('is raced by a second attempt; when that wins, the first is cut and nothing counts twice', async () => {
    const { run, env, executor, end } = slowRun()
    const done = attempt(
      run,
      request(() => 'race'),
    )
    await vi.advanceTimersByTimeAsync(SLOW_MS - 1)
    expect(executor.jobs).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(executor.jobs).toHaveLength(2)
    end(2)
    expect((await done).length).toBe(LENGTH)
    expect(executor.cancelled).toEqual([1])
    expect(run.attempts).toBe(2)
    expect(run.progress.snapshot.transferred).toBe(LENGTH)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('is left alone under a bandwidth limit, and neither time is remembered', async () => {
    const { run, env, executor, end } = slowRun()
    const done = attempt(
      run,
      request(() => 'race'),
    )
    await vi.advanceTimersByTimeAsync(SLOW_MS / 2)
    env.limits.set({ maxBandwidth: 1000 })
    await vi.advanceTimersByTimeAsync(20 * SLOW_MS)
    end(1)
    await done
    const second = attempt(
      run,
      request(() => 'race'),
    )
    await vi.advanceTimersByTimeAsync(20 * SLOW_MS)
    expect(executor.jobs).toHaveLength(2)
    end(2)
    await second
    expect(env.scheduler.hedging.slowAfterMs(`UploadPart bucket ${LENGTH}`)).toBe(SLOW_MS)
  })

  it('wins itself when it is done first', async () => {
    const { run, executor, end } = slowRun()
    const done = attempt(
      run,
      request(() => 'race'),
    )
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    end(1)
    expect((await done).length).toBe(LENGTH)
    expect(executor.cancelled).toEqual([1])
    expect(run.progress.snapshot.transferred).toBe(LENGTH)
  })

  it('counts once when both succeed', async () => {
    const { run, executor, end } = slowRun()
    executor.cancel = () => undefined
    const done = attempt(
      run,
      request(() => 'race'),
    )
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    end(2)
    end(1)
    await done
    expect(run.progress.snapshot.transferred).toBe(LENGTH)
  })

  it('is saved by the second when it fails, and by the first when the second fails', async () => {
    for (const loser of [1, 2]) {
      const { run, executor, end } = slowRun()
      const done = attempt(
        run,
        request(() => 'race'),
      )
      await vi.advanceTimersByTimeAsync(SLOW_MS)
      end(loser, failed('ERR_CONNECTION_LOST'))
      end(3 - loser)
      expect((await done).length).toBe(LENGTH)
      expect(executor.jobs).toHaveLength(2)
    }
  })

  it('is tried again when both fail', async () => {
    const { run, executor, end } = slowRun()
    const done = attempt(
      run,
      request(() => 'race'),
    )
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    end(1, failed('ERR_CONNECTION_LOST'))
    end(2, failed('ERR_CONNECTION_LOST'))
    await vi.advanceTimersByTimeAsync(0)
    executor.fault = () => undefined
    await vi.advanceTimersByTimeAsync(0)
    end(3)
    expect((await done).length).toBe(LENGTH)
  })

  it.each([
    ['it may not be', (): undefined => undefined],
    ['nobody said what to do', undefined],
  ])('is waited for where %s', async (_, whenSlow) => {
    const { run, executor, end } = slowRun()
    const done = attempt(run, request(whenSlow))
    await vi.advanceTimersByTimeAsync(10 * SLOW_MS)
    expect(executor.jobs).toHaveLength(1)
    end(1)
    await done
  })

  it('is waited for while others wait for their turn, and raced when they no longer do', async () => {
    const { run, env, executor, end } = slowRun()
    const { requests } = env.scheduler
    const kind = { bucket: run.info.bucket, operation: 'UploadPart' } as const
    const others = await Promise.all(
      Array.from({ length: requests.limitOf(kind) - 1 }, () =>
        requests.acquire(kind, 0, run.stopping),
      ),
    )
    const done = attempt(
      run,
      request(() => 'race'),
    )
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    expect(executor.jobs).toHaveLength(1)
    for (const other of others) other.release()
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    expect(executor.jobs).toHaveLength(2)
    end(2)
    await done
  })
})

describe('a download that is slow', () => {
  it('is cut, and goes on behind what arrived without counting as a failure', async () => {
    const { run, env, executor, end } = slowRun()
    const partial: number[] = []
    executor.cancel = (_transferId, slot) => {
      expect(slot).toBe(executor.jobs[0]?.slot)
      end(1, failed('ERR_ABORTED', {}, { received: 60, digest: new Uint8Array(4) }))
    }
    const retries: unknown[] = []
    env.events.on('retry', (event) => retries.push(event))
    const onPartial = ({ received }: { readonly received: number }): number => {
      partial.push(received)
      executor.fault = () => undefined
      return received
    }
    const done = attempt(
      run,
      request(() => 'move', { onPartial }),
    )
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    expect(executor.jobs).toHaveLength(2)
    end(2)
    await done
    expect(partial).toEqual([60])
    expect(retries).toEqual([])
    expect(run.retries.failed).toBe(0)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })
})
