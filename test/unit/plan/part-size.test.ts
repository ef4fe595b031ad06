import { describe, expect, it } from 'vitest'

import { choosePartSize } from '../../../src/plan/part-size.ts'
import { GiB, MiB, TiB } from '../../../src/units.ts'

const sizeOf = (size: number, throughput?: number): number =>
  choosePartSize({ size, inFlight: 32, throughput })

describe('choosePartSize', () => {
  it.each([
    [0, 8],
    [GiB, 8],
    [2 * GiB - 1, 8],
    [2 * GiB, 16],
    [4 * GiB - 1, 16],
    [4 * GiB, 32],
    [5 * TiB, 32],
  ])('grows with the object: %d bytes in parts of %d MiB', (size, expected) => {
    expect(sizeOf(size)).toBe(expected * MiB)
  })

  it('leaves four parts to each request that shares the object', () => {
    expect(choosePartSize({ size: GiB, inFlight: 16 })).toBe(16 * MiB)
    expect(choosePartSize({ size: 4 * GiB, inFlight: 64 })).toBe(16 * MiB)
    expect(choosePartSize({ size: 4 * GiB, inFlight: 1 })).toBe(32 * MiB)
  })

  it('keeps a part to ten seconds of what a request moves, but for the smallest', () => {
    expect(sizeOf(8 * GiB, 3.2 * MiB)).toBe(32 * MiB)
    expect(sizeOf(8 * GiB, 3.1 * MiB)).toBe(16 * MiB)
    expect(sizeOf(8 * GiB, 1000)).toBe(8 * MiB)
    expect(sizeOf(GiB, 100 * MiB)).toBe(8 * MiB)
  })
})
