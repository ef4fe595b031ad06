import { expect, test } from 'vitest'
import type { LocalStore } from 'transfer-engine/testing'
import { storedKeys, withBed, type Bed } from '../helpers/test-bed.ts'

/** Requests per second a store takes, unless this machine could not do three times as many. */
const RATE = 200

/** Seconds of the run, and of its beginning that do not count. */
const SECONDS = 18
const WARM_UP = 5

/** Uploads one small file so many times; resolves to the seconds it took. */
async function uploadMany({ engine }: Bed, path: string, name: string, count: number) {
  const startedAt = performance.now()
  const calls = Array.from({ length: count }, (_, index) =>
    engine.upload(path, `s3://test-bucket/${name}/${index}`),
  )
  await Promise.all(calls)
  return (performance.now() - startedAt) / 1000
}

interface Second {
  taken: number
  refused: number
}

/** What the store did in each whole second, by its own clock, in which it counts, too. */
function bySecond(store: LocalStore): Second[] {
  const seconds = new Map<number, Second>()
  for (const { operation, startedAt, status } of store.requests.entries()) {
    if (operation !== 'PutObject') continue
    const at = Math.floor(startedAt / 1000)
    const second = seconds.get(at) ?? { taken: 0, refused: 0 }
    seconds.set(at, second)
    if (status === 503) second.refused += 1
    else second.taken += 1
  }
  return [...seconds].sort(([a], [b]) => a - b).map(([, second]) => second)
}

// Goal: a store that throttles is driven near its rate and hardly ever refuses. Method: the store
// counts per second of its own clock; the median of the seconds is no worse for one that was lost.
test('a store that refuses above a rate is asked for nearly that rate', async () => {
  const engine = { retryDelayMs: 100, retryDelayMaxMs: 20_000 }
  await withBed({ engine }, async (bed) => {
    const path = await bed.file('small', Buffer.from('a small file'))
    await uploadMany(bed, path, 'unthrottled', 100)
    const free = 400 / (await uploadMany(bed, path, 'unthrottled', 400))
    expect(bed.engine.stats().operations).toMatchObject([
      { operation: 'PutObject', requestRate: undefined },
    ])

    const rate = Math.floor(Math.min(RATE, free / 3))
    bed.store.faults.add({ fault: { kind: 'rate-limit', perSecond: rate } })
    bed.store.requests.clear()
    await uploadMany(bed, path, 'throttled', rate * SECONDS)

    expect(storedKeys(bed.store)).toHaveLength(400 + rate * SECONDS)
    const seconds = bySecond(bed.store)
    const steady = seconds.slice(WARM_UP, -2)
    const report = JSON.stringify({ free, rate, seconds })
    expect(steady.length, `seen: ${report}`).toBeGreaterThan(8)
    const taken = steady.map((second) => second.taken).sort((a, b) => a - b)
    expect(taken[Math.floor(taken.length / 2)], `seen: ${report}`).toBeGreaterThanOrEqual(
      0.85 * rate,
    )
    const refused = steady.reduce((sum, second) => sum + second.refused, 0)
    const all = refused + taken.reduce((sum, each) => sum + each, 0)
    expect(refused / all, `seen: ${report}`).toBeLessThan(0.05)
    const [limits] = bed.engine.stats().operations
    expect(limits?.requestRate, `seen: ${report}`).toBeGreaterThan(0.5 * rate)
  })
})
