import { describe, expect, it } from 'vitest'
import { probeSource, type Probed, type ReadSample } from '../../../src/migrate/probe.ts'
import { objectInfo } from '../transfer/run-fixture.ts'

const KiB = 1024
const MiB = 1024 * KiB

function object(key: string, size: number, more: object = {}): Probed {
  const { headMs = 10, storageClass } = more as { headMs?: number; storageClass?: string }
  return { object: { bucket: 'b', key }, info: objectInfo({ size, storageClass }), headMs }
}

/** A clock that a test moves. */
function probing(sample: readonly Probed[], read: (clock: { ms: number }) => ReadSample) {
  const clock = { ms: 1000 }
  const never = new AbortController().signal
  return probeSource({ sample, read: read(clock), deadline: () => never, now: () => clock.ms })
}

describe('a probe', () => {
  it('reads the largest four, 2 MiB of each at most, and nothing small or archived', async () => {
    const asked: [string, number][] = []
    const sample = [
      object('small', 256 * KiB - 1),
      object('least', 256 * KiB),
      object('cold', 9 * MiB, { storageClass: 'GLACIER' }),
      object('colder', 9 * MiB, { storageClass: 'DEEP_ARCHIVE' }),
      object('instant', 3 * MiB, { storageClass: 'GLACIER_IR' }),
      object('a', 4 * MiB),
      object('b', 5 * MiB),
      object('c', MiB),
    ]
    const probe = await probing(sample, () => async ({ object: { key }, length }) => {
      asked.push([key, length])
    })
    expect(asked).toEqual([
      ['b', 2 * MiB],
      ['a', 2 * MiB],
      ['instant', 2 * MiB],
      ['c', MiB],
    ])
    expect(probe).toEqual({
      latencyMs: 10,
      reads: 4,
      bytes: 0,
      elapsedMs: 0,
      bytesPerSecond: undefined,
    })
  })

  it('counts what comes behind the first range, of all at once', async () => {
    const sample = [object('a', MiB), object('b', MiB)]
    const probe = await probing(sample, (clock) => async ({ onRange }) => {
      await Promise.resolve()
      clock.ms = 1500
      onRange(100_000)
      await Promise.resolve()
      clock.ms = 1600
      onRange(400_000)
    })
    expect(probe).toMatchObject({ bytes: 1_000_000, elapsedMs: 600, bytesPerSecond: 8_000_000 })
  })

  it('goes by what came when time is up, or when one cannot be read', async () => {
    const sample = [object('slow', MiB), object('denied', MiB)]
    const probe = await probing(sample, (clock) => async ({ object: { key }, onRange }) => {
      if (key === 'denied') throw new Error('denied')
      await Promise.resolve()
      clock.ms = 3000
      onRange(100_000)
      throw new Error('aborted')
    })
    expect(probe).toMatchObject({ bytes: 100_000, elapsedMs: 2000, bytesPerSecond: 50_000 })
  })

  it('tells the median of the HEADs', async () => {
    const sample = [900, 30, 10, 20, 40].map((headMs) => object('x', 1, { headMs }))
    expect((await probing(sample, () => async () => undefined)).latencyMs).toBe(30)
    const nothing = { latencyMs: undefined, bytesPerSecond: undefined }
    expect(await probing([], () => async () => undefined)).toMatchObject(nothing)
  })
})
