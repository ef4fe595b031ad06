/**
 * The bandwidth limit as requests live with it, on a fake clock: whatever the number of requests,
 * the lengths and the delays, no ten seconds carry more than 5 % above the limit, and where there is
 * enough to move they carry no less than 5 % below.
 */

import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BANDWIDTH_CELLS, BandwidthLimit } from '../../src/pool/bandwidth-limit.ts'
import { KiB, MiB } from '../../src/units.ts'
import { Allowance } from '../../workers/allowance.ts'

const WINDOW_MS = 10_000
const SECONDS = 23

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Requests that one connection makes, one after the other. */
interface Stream {
  readonly isUpload: boolean
  readonly length: number
  /** Before the answer begins, and before it all begins. */
  readonly delayMs: number
  /** Share of each request after which it is given up. */
  readonly until: number
}

interface Move {
  readonly at: number
  readonly bytes: number
  readonly stream: Stream
}

/** What all streams look at. */
interface Shared {
  isOver: boolean
  /** While set nobody moves anything, as on a machine that stands still. */
  standstill: Promise<void> | undefined
}

const NOBODY = { hold: () => undefined }

/** Lets streams move bytes for a while; `change` is called after each second. */
async function simulate(
  rate: number,
  streams: readonly Stream[],
  change: (second: number, limit: BandwidthLimit, state: Shared) => void = () => undefined,
): Promise<readonly Move[]> {
  const memory = new SharedArrayBuffer(8 * BANDWIDTH_CELLS)
  // A view for each stream, as if each were a thread of its own.
  const view = (): BandwidthLimit =>
    new BandwidthLimit(memory, 0, streams.length, () => performance.now())
  const limit = view()
  limit.set(rate)
  const moves: Move[] = []
  const state: Shared = { isOver: false, standstill: undefined }
  const note = (stream: Stream, bytes: number): void => {
    moves.push({ at: performance.now(), bytes, stream })
  }
  const running = streams.map((stream) => runStream(stream, view(), state, note))
  for (let second = 1; second <= SECONDS; second += 1) {
    await vi.advanceTimersByTimeAsync(1000)
    change(second, limit, state)
  }
  state.isOver = true
  limit.set(0)
  await vi.advanceTimersByTimeAsync(2000)
  await Promise.all(running)
  return moves
}

async function runStream(
  stream: Stream,
  bandwidth: BandwidthLimit,
  state: Shared,
  note: (stream: Stream, bytes: number) => void,
): Promise<void> {
  const worker = { bandwidth, add: () => undefined }
  const { isUpload, length, delayMs, until } = stream
  while (!state.isOver) {
    await sleep(delayMs)
    const allowance = isUpload
      ? Allowance.toSend(worker, length)
      : Allowance.toReceive(worker, length, 'http://host')
    await allowance.begin(NOBODY)
    await sleep(delayMs)
    const connection = { pace: undefined, hold: () => undefined, resume: () => wake?.() }
    let wake: (() => void) | undefined
    allowance.attach(connection)
    for (let left = Math.ceil(length * until); left > 0 && !state.isOver;) {
      await state.standstill
      let bytes: number
      if (isUpload) {
        bytes = await allowance.admit(Math.min(left, 256 * KiB))
        note(stream, bytes)
      } else {
        bytes = Math.min(left, bandwidth.isOn ? bandwidth.step : left)
        note(stream, bytes)
        const paused = new Promise<void>((resolve) => (wake = resolve))
        if (!allowance.took(bytes) && left > bytes) await paused
      }
      left -= bytes
    }
    allowance.end()
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Most and least that moved in any ten seconds between two moments, in shares of the limit. */
function extremes(moves: readonly Move[], rate: number, from: number, to: number) {
  const limit = (rate * WINDOW_MS) / 1000
  let most = 0
  let least = Infinity
  let sum = 0
  let first = 0
  for (const { at, bytes } of moves) {
    sum += bytes
    while ((moves[first]?.at ?? at) <= at - WINDOW_MS) sum -= moves[(first += 1) - 1]?.bytes ?? 0
    if (at >= from && at <= to) {
      most = Math.max(most, sum / limit)
      if (at >= from + WINDOW_MS) least = Math.min(least, sum / limit)
    }
  }
  return { most, least }
}

const rateOf = fc.constantFrom(200 * KiB, MiB, 5 * MiB, 20 * MiB, 60 * MiB)

function streamsOf(length: fc.Arbitrary<number>, delayMs: number): fc.Arbitrary<Stream[]> {
  const stream = fc.record({
    isUpload: fc.boolean(),
    length,
    delayMs: fc.integer({ min: 1, max: delayMs }),
    until: fc.constantFrom(1, 1, 1, 0.3),
  })
  return fc.array(stream, { minLength: 1, maxLength: 32 })
}

describe('transfers under a bandwidth limit', () => {
  it('never move more than 5 % above it in ten seconds', async () => {
    const length = fc.constantFrom(700, 5000, 100 * KiB, 5 * MiB)
    await fc.assert(
      fc.asyncProperty(rateOf, streamsOf(length, 400), async (rate, streams) => {
        const start = performance.now()
        const moves = await simulate(rate, streams)
        const { most } = extremes(moves, rate, start, start + 1000 * SECONDS)
        expect(most).toBeLessThanOrEqual(1.05)
      }),
      { numRuns: 12 },
    )
  }, 120_000)

  it('move no less than 5 % below it where there is enough, and all of them move', async () => {
    await fc.assert(
      fc.asyncProperty(rateOf, streamsOf(fc.constant(20 * MiB), 20), async (rate, streams) => {
        const start = performance.now()
        const moves = await simulate(rate, streams)
        const { most, least } = extremes(moves, rate, start, start + 1000 * SECONDS)
        expect(most).toBeLessThanOrEqual(1.05)
        expect(least).toBeGreaterThanOrEqual(0.95)
        const moved = streams.map((stream) =>
          moves.reduce((sum, move) => sum + (move.stream === stream ? move.bytes : 0), 0),
        )
        const fair = (rate * SECONDS) / streams.length
        expect(Math.min(...moved)).toBeGreaterThan(fair / 3)
      }),
      { numRuns: 12 },
    )
  }, 120_000)

  it('make up for no more than 5 % of what they could not move while the machine stood still', async () => {
    const streams = streamsOf(fc.constant(20 * MiB), 20)
    await fc.assert(
      fc.asyncProperty(rateOf, streams, async (rate, all) => {
        const start = performance.now()
        const moves = await simulate(rate, all, (second, _, state) => {
          if (second === 3) state.standstill = sleep(3000)
          if (second === 7) state.standstill = undefined
        })
        const { most } = extremes(moves, rate, start, start + 1000 * SECONDS)
        expect(most).toBeLessThanOrEqual(1.05)
        const { least } = extremes(moves, rate, start + 6000, start + 1000 * SECONDS)
        expect(least).toBeGreaterThanOrEqual(0.95)
      }),
      { numRuns: 12 },
    )
  }, 120_000)

  it('are at a new limit within a second, up or down', async () => {
    const streams = streamsOf(fc.constant(20 * MiB), 20)
    await fc.assert(
      fc.asyncProperty(rateOf, rateOf, streams, async (before, after, all) => {
        const start = performance.now()
        const moves = await simulate(before, all, (second, limit) => {
          if (second === 2) limit.set(after)
        })
        const later = moves.filter(({ at }) => at > start + 3000)
        const { most, least } = extremes(later, after, start + 3000, start + 1000 * SECONDS)
        expect(most).toBeLessThanOrEqual(1.05)
        expect(least).toBeGreaterThanOrEqual(0.95)
      }),
      { numRuns: 12 },
    )
  }, 120_000)
})
