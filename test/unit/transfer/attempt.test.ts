import { describe, expect, it, vi } from 'vitest'
import { TransferError, type ErrorCode } from '../../../src/errors.ts'
import type { TransferEvents } from '../../../src/events.ts'
import type { ResolvedTuning } from '../../../src/options.ts'
import { createRetryPolicy } from '../../../src/store/retry-policy.ts'
import { attempt } from '../../../src/transfer/attempt.ts'
import type { PartRequest } from '../../../src/transfer/request-attempt.ts'
import { failed, makeRun, NOTHING_TAKEN, takenOf, type RunFixture } from './run-fixture.ts'

const BYTES = new SharedArrayBuffer(100)

function request(given: Partial<PartRequest> = {}): PartRequest {
  return {
    partNumber: 4,
    length: 100,
    operation: 'UploadPart',
    makeJob: (slot) => ({
      kind: 'put',
      transferId: 1,
      slot,
      key: 'key',
      query: '',
      headers: [],
      source: { kind: 'memory', buffer: BYTES, offset: 0 },
      length: 100,
      algorithm: 'CRC32',
      sendChecksum: true,
    }),
    ...given,
  }
}

/** A run whose first attempts fail with these codes. */
function runFailing(codes: readonly ErrorCode[], tuning: Partial<ResolvedTuning> = {}): RunFixture {
  const fixture = makeRun({ tuning })
  const left = [...codes]
  fixture.executor.fault = () => {
    const code = left.shift()
    return code === undefined ? undefined : failed(code)
  }
  return fixture
}

describe('attempt', () => {
  it('returns the first success and gives its permit back', async () => {
    const { run, env, executor } = makeRun()
    const parts: TransferEvents['part'][] = []
    env.events.on('part', (event) => parts.push(event))
    expect((await attempt(run, request())).length).toBe(100)
    expect(executor.jobs).toHaveLength(1)
    expect(run.attempts).toBe(1)
    expect(run.progress.snapshot.transferred).toBe(100)
    expect(parts).toMatchObject([{ partNumber: 4, bytes: 100, attempt: 1, workerId: 3 }])
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('repeats what may succeed next time, and counts every attempt', async () => {
    const { run, env } = runFailing(['ERR_CONNECTION_LOST', 'ERR_STORE_UNAVAILABLE'])
    const retries: TransferEvents['retry'][] = []
    env.events.on('retry', (event) => retries.push(event))
    await attempt(run, request())
    expect(run.attempts).toBe(3)
    expect(retries).toMatchObject([
      { partNumber: 4, attempt: 1, error: { code: 'ERR_CONNECTION_LOST' } },
      { partNumber: 4, attempt: 2, error: { code: 'ERR_STORE_UNAVAILABLE' } },
    ])
    expect(run.progress.snapshot.transferred, 'failed bytes do not count').toBe(100)
  })

  it('takes a turn under a request rate for each attempt, and none for a digest', async () => {
    const { run, env } = runFailing(['ERR_CONNECTION_LOST'])
    env.limits.set({ maxRequestRate: 100_000 })
    const turn = vi.spyOn(env.limits.requests, 'turn')
    await attempt(run, request())
    expect(turn).toHaveBeenCalledTimes(2)
    const source = { kind: 'memory', buffer: new SharedArrayBuffer(9), offset: 0 } as const
    const digest = { kind: 'digest', transferId: 1, source, length: 9, algorithm: 'CRC32' } as const
    await attempt(run, request({ partNumber: 0, makeJob: (slot) => ({ ...digest, slot }) }))
    expect(turn).toHaveBeenCalledTimes(2)
  })

  it('waits for its turn, and when it is aborted meanwhile nothing was sent or is held', async () => {
    const { run, env, executor } = runFailing([])
    env.limits.set({ maxRequestRate: 1 })
    await env.limits.requests.turn()
    const done = attempt(run, request())
    await new Promise((resolve) => setImmediate(resolve))
    expect([executor.jobs.length, env.limits.requests.waiting]).toEqual([0, 1])
    run.abort('enough')
    await expect(done).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect([executor.jobs.length, env.limits.requests.waiting, run.attempts]).toEqual([0, 0, 0])
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('gives up after `maxAttempts` and says where it was', async () => {
    const lost = Array.from({ length: 10 }, () => 'ERR_CONNECTION_LOST' as const)
    const { run, env, executor } = runFailing(lost, { maxAttempts: 3 })
    await expect(attempt(run, request())).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      context: { bucket: 'bucket', key: 'key', partNumber: 4, attempt: 3 },
    })
    expect(executor.jobs).toHaveLength(3)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('repeats at once, and tells nobody, what a stale connection broke; but once', async () => {
    const { run, env, executor } = makeRun({ tuning: { maxAttempts: 2 } })
    const retries: number[] = []
    env.events.on('retry', ({ attempt: number }) => retries.push(number))
    executor.fault = () => failed('ERR_CONNECTION_LOST', { stale: true })
    await expect(attempt(run, request())).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    expect(executor.jobs).toHaveLength(3)
    expect(retries).toEqual([1])
  })

  it('gives up a transfer most of whose requests fail, whatever each part has left', async () => {
    const { run, executor } = makeRun({ tuning: { maxAttempts: 100, maxInFlight: 8 } })
    executor.fault = () => failed('ERR_CONNECTION_LOST')
    await expect(attempt(run, request())).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      message: expect.stringContaining('After 33 failed requests and 0 good ones'),
    })
    expect(executor.jobs).toHaveLength(33)
  })

  it.each<ErrorCode>(['ERR_ACCESS_DENIED', 'ERR_SOURCE_CHANGED', 'ERR_DISK_FULL', 'ERR_INTERNAL'])(
    'does not repeat %s',
    async (code) => {
      const { run, executor } = runFailing([code])
      await expect(attempt(run, request())).rejects.toMatchObject({ code })
      expect(executor.jobs).toHaveLength(1)
    },
  )

  it.each<[ErrorCode, object, string]>([
    ['ERR_CLOCK_SKEW', { clockOffsetMs: 60_000 }, 'clock 60000'],
    ['ERR_CREDENTIALS_EXPIRED', {}, 'refresh bucket'],
    ['ERR_WRONG_REGION', { region: 'eu-west-1' }, 'refresh bucket eu-west-1'],
  ])('repairs what %s says is wrong, once', async (code, context, repaired) => {
    const { run, executor, log } = makeRun()
    executor.fault = (_job, number) => (number === 1 ? failed(code, context) : undefined)
    await attempt(run, request())
    expect(log).toEqual([repaired])

    const again = makeRun()
    again.executor.fault = () => failed(code, context)
    await expect(attempt(again.run, request())).rejects.toMatchObject({ code })
    expect(again.executor.jobs).toHaveLength(2)
    expect(again.log).toEqual([repaired])
  })

  it('does not repeat a wrong region that names no other', async () => {
    const { run, executor } = runFailing(['ERR_WRONG_REGION'])
    await expect(attempt(run, request())).rejects.toMatchObject({ code: 'ERR_WRONG_REGION' })
    expect(executor.jobs).toHaveLength(1)
  })

  it('sends nothing when there is no route, and does not ask again', async () => {
    const routes: string[] = []
    const { run, executor } = makeRun({
      store: {
        route: (bucket) => {
          routes.push(bucket)
          return Promise.reject(new TransferError('ERR_CREDENTIALS', 'none'))
        },
      },
    })
    await expect(attempt(run, request())).rejects.toMatchObject({ code: 'ERR_CREDENTIALS' })
    expect(routes).toEqual(['bucket'])
    expect(executor.jobs).toEqual([])
  })

  it('starts the count anew after an attempt that made progress', async () => {
    const { run, executor } = makeRun({ tuning: { maxAttempts: 2 } })
    const kept: number[] = []
    executor.fault = (_job, number) =>
      number <= 5
        ? failed('ERR_CONNECTION_LOST', {}, { received: 10, digest: new Uint8Array(4) })
        : undefined
    const onPartial = (): number => {
      kept.push(10)
      return 10
    }
    await attempt(run, request({ onPartial }))
    expect(executor.jobs).toHaveLength(6)
    expect(run.progress.snapshot.transferred).toBe(150)
    expect(kept).toHaveLength(5)
  })

  it('gives a request up that has cost three threads, and says so', async () => {
    const { run, executor } = makeRun()
    executor.fault = (_job, number) =>
      failed(number % 2 === 0 ? 'ERR_WORKER_LOST' : 'ERR_CONNECTION_LOST')
    await expect(attempt(run, request())).rejects.toMatchObject({
      code: 'ERR_WORKER_LOST',
      message: expect.stringContaining('3 threads ended with this part in hand'),
    })
    expect(executor.jobs).toHaveLength(6)
  })

  it('frees its permit while it waits for the next attempt', async () => {
    vi.useFakeTimers()
    const { run, env, executor } = makeRun({
      policy: { delayMs: () => 60_000 },
      tuning: { maxInFlight: 1 },
    })
    executor.fault = (_job, number) => (number === 1 ? failed('ERR_THROTTLED') : undefined)
    const first = attempt(run, request())
    await vi.advanceTimersByTimeAsync(1000)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
    await attempt(run, request({ partNumber: 5 }))
    await vi.advanceTimersByTimeAsync(59_000)
    await first
    vi.useRealTimers()
    expect(executor.jobs).toHaveLength(3)
  })

  it('waits as long as the policy says', async () => {
    vi.useFakeTimers()
    const policy = createRetryPolicy({
      maxAttempts: 5,
      retryDelayMs: 100,
      retryDelayMaxMs: 1000,
      random: () => 1,
    })
    const { run, executor } = makeRun({ policy })
    executor.fault = (_job, number) => (number <= 2 ? failed('ERR_CONNECTION_LOST') : undefined)
    const running = attempt(run, request())
    await vi.advanceTimersByTimeAsync(99)
    expect(executor.jobs).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(executor.jobs).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(199)
    expect(executor.jobs).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    await running
    vi.useRealTimers()
    expect(executor.jobs).toHaveLength(3)
  })

  it('stops at once when the run is stopped while it waits', async () => {
    const { run, env, executor } = makeRun({ policy: { delayMs: () => 600_000 } })
    executor.fault = () => failed('ERR_CONNECTION_LOST')
    const running = attempt(run, request())
    await vi.waitFor(() => expect(executor.jobs).toHaveLength(1))
    run.stop(new TransferError('ERR_DISK_FULL', 'another part failed'))
    await expect(running).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) })
    expect(run.failure(new Error('whatever'))).toMatchObject({ code: 'ERR_DISK_FULL' })
    expect(executor.jobs).toHaveLength(1)
    expect(executor.cancelled).toEqual([1])
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('waits for the answer of a job that is cancelled, and does not repeat it', async () => {
    const { run, env, executor } = makeRun()
    let answer: () => void = () => undefined
    executor.before = () => new Promise((resolve) => (answer = resolve))
    executor.fault = () => failed('ERR_CONNECTION_LOST')
    let isOver = false
    const running = attempt(run, request()).finally(() => (isOver = true))
    running.catch(() => undefined)
    await vi.waitFor(() => expect(executor.jobs).toHaveLength(1))
    run.abort('enough')
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver, 'the worker still uses the bytes').toBe(false)
    answer()
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(executor.jobs).toHaveLength(1)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('sends nothing for a run that was stopped before', async () => {
    const { run, executor } = makeRun()
    run.abort('before')
    await expect(attempt(run, request())).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(executor.jobs).toEqual([])
  })
})
