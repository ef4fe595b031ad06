import { describe, expect, it } from 'vitest'

import { mayReadDirect, partBufferSize } from '../../../src/plan/memory-budget.ts'
import { GiB, KiB, MiB } from '../../../src/units.ts'

describe('partBufferSize', () => {
  it('is the part up to 1 MiB, and one stream buffer above', () => {
    expect(partBufferSize(64 * KiB)).toBe(64 * KiB)
    expect(partBufferSize(MiB)).toBe(MiB)
    expect(partBufferSize(MiB + 1)).toBe(256 * KiB)
    expect(partBufferSize(5 * GiB)).toBe(256 * KiB)
  })
})

describe('mayReadDirect', () => {
  it('takes parts of which four fit into the memory', () => {
    expect(mayReadDirect(8 * MiB, 32 * MiB)).toBe(true)
    expect(mayReadDirect(8 * MiB + 1, 32 * MiB)).toBe(false)
  })
})
