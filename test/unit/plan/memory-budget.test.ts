import { describe, expect, it } from 'vitest'

import { partBufferSize } from '../../../src/plan/memory-budget.ts'
import { GiB, KiB, MiB } from '../../../src/units.ts'

describe('partBufferSize', () => {
  it('is the part up to 16 MiB, and one stream buffer above', () => {
    expect(partBufferSize(8 * MiB)).toBe(8 * MiB)
    expect(partBufferSize(16 * MiB)).toBe(16 * MiB)
    expect(partBufferSize(16 * MiB + 1)).toBe(256 * KiB)
    expect(partBufferSize(5 * GiB)).toBe(256 * KiB)
  })
})
