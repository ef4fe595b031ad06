import { describe, expect, it } from 'vitest'
import { ThroughputWatch } from '../../../workers/throughput-watch.ts'

const WINDOW_MS = 1000

interface Line {
  /** Bytes that have moved by a time; undefined while nothing has to. */
  readonly moved: (atMs: number) => number | undefined
  readonly everyMs?: number
  readonly untilMs?: number
  readonly exchange?: (atMs: number) => number
}

/** When the watch finds a line too slow that must move 100 bytes a second. */
function foundAt({ moved, everyMs = 50, untilMs = 10_000, exchange }: Line): number | undefined {
  const watch = new ThroughputWatch(100, WINDOW_MS)
  for (let at = everyMs; at <= untilMs; at += everyMs) {
    if (watch.sample(at, exchange?.(at) ?? 1, moved(at)) !== undefined) return at
  }
  return undefined
}

const rate =
  (bytesPerSecond: number) =>
  (atMs: number): number =>
    Math.floor((atMs * bytesPerSecond) / 1000)

describe('the throughput watch', () => {
  it.each([
    ['nothing', 0],
    ['one byte a second', 1],
    ['a little less than allowed', 95],
  ])('finds %s too slow, after one window and before two', (_, bytesPerSecond) => {
    const at = foundAt({ moved: rate(bytesPerSecond) })
    expect(at).toBeGreaterThanOrEqual(WINDOW_MS)
    expect(at).toBeLessThan(2 * WINDOW_MS)
  })

  it.each([100, 101, 1_000_000])('lets %i bytes a second pass', (bytesPerSecond) => {
    expect(foundAt({ moved: rate(bytesPerSecond) })).toBeUndefined()
  })

  it('finds what becomes slow within two windows, however much moved before', () => {
    for (let slowFrom = 3000; slowFrom < 4000; slowFrom += 50) {
      const at = foundAt({ moved: (now) => Math.min(now, slowFrom) * 1000 }) ?? Infinity
      expect(at - slowFrom).toBeGreaterThanOrEqual(WINDOW_MS)
      expect(at - slowFrom).toBeLessThan(2 * WINDOW_MS)
    }
  })

  it('keeps within two windows when it looks only four times a window', () => {
    const at = foundAt({ moved: (now) => Math.min(now, 3010) * 1000, everyMs: 250 }) ?? Infinity
    expect(at - 3010).toBeLessThan(2 * WINDOW_MS)
  })

  it('lets bursts pass that are enough on the whole', () => {
    expect(foundAt({ moved: (now) => Math.floor(now / 900) * 150 })).toBeUndefined()
  })

  it('counts no time in which nothing has to move', () => {
    const moved = (now: number): number | undefined => (now % 800 < 100 ? undefined : 0)
    expect(foundAt({ moved })).toBeUndefined()
    expect(foundAt({ moved: (now) => (now < 5000 ? undefined : 0) })).toBeGreaterThanOrEqual(6000)
  })

  it('gives each exchange a window of its own', () => {
    expect(foundAt({ moved: () => 0, exchange: (now) => Math.floor(now / 800) })).toBeUndefined()
  })

  it('concludes nothing from a pause in which nobody looked', () => {
    expect(foundAt({ moved: () => 0, everyMs: 600 })).toBeUndefined()
  })

  it('finds nothing when it is off, and says what it found', () => {
    const off = new ThroughputWatch(0, WINDOW_MS)
    const on = new ThroughputWatch(2048, WINDOW_MS)
    const said: (string | undefined)[] = []
    for (let at = 0; at <= 1000; at += 250) {
      expect(off.sample(at, 1, 0)).toBeUndefined()
      said.push(on.sample(at, 1, at / 2))
    }
    expect(said.at(-1)).toBe('Only 500 B moved in 1.0s; `minThroughput` is 2 KiB a second')
    expect(said.slice(0, -1)).toEqual([undefined, undefined, undefined, undefined])
  })
})
