import { describe, expect, it } from 'vitest'

import { Hedging } from '../../../src/transfer/hedging.ts'

/** Requests of a kind that took these times. */
function learnt(times: readonly number[], kind = 'upload'): Hedging {
  const hedging = new Hedging()
  for (const time of times) hedging.noteArrived(kind, time)
  return hedging
}

const upTo = (count: number, step: number): number[] =>
  Array.from({ length: count }, (_, index) => (index + 1) * step)

describe('what counts as slow', () => {
  it('is not known before twenty requests of that kind', () => {
    const hedging = learnt(upTo(19, 1000))
    expect(hedging.slowAfterMs('upload')).toBeUndefined()
    hedging.noteArrived('download', 1)
    expect(hedging.slowAfterMs('upload')).toBeUndefined()
    hedging.noteArrived('upload', 20_000)
    expect(hedging.slowAfterMs('upload')).toBe(19_000)
  })

  it('is slower than 95 of the last hundred', () => {
    const hedging = learnt([...upTo(50, 1), ...upTo(100, 1000)])
    expect(hedging.slowAfterMs('upload')).toBe(95_000)
  })

  it('is never less than half a second', () => {
    expect(learnt(upTo(100, 1)).slowAfterMs('upload')).toBe(500)
  })

  it('is forgotten rather than remembered for kinds without end', () => {
    const hedging = learnt(upTo(20, 1000))
    for (let kind = 0; kind < 256; kind += 1) hedging.noteArrived(`kind ${kind}`, 1)
    expect(hedging.slowAfterMs('upload')).toBeUndefined()
  })
})

describe('second requests', () => {
  it('are at most one of fifty', () => {
    const hedging = learnt(upTo(49, 1))
    expect(hedging.tryStart()).toBe(false)
    hedging.noteArrived('upload', 1)
    expect([hedging.tryStart(), hedging.tryStart()]).toEqual([true, false])
    for (let more = 0; more < 950; more += 1) hedging.noteArrived('upload', 1)
    const started = Array.from({ length: 100 }, () => hedging.tryStart())
    expect(started.filter(Boolean)).toHaveLength(19)
  })
})
