import { describe, expect, it } from 'vitest'

import { partBufferSize, partsInFlight } from '../../../src/plan/memory-budget.ts'
import { GiB, MiB } from '../../../src/units.ts'

describe('partBufferSize', () => {
  it('is the part up to 16 MiB, and two stream buffers above', () => {
    expect(partBufferSize(8 * MiB)).toBe(8 * MiB)
    expect(partBufferSize(16 * MiB)).toBe(16 * MiB)
    expect(partBufferSize(16 * MiB + 1)).toBe(2 * MiB)
    expect(partBufferSize(5 * GiB)).toBe(2 * MiB)
  })
})

describe('partsInFlight', () => {
  it('is what the memory budget pays for', () => {
    const input = { memoryBudget: 100 * MiB, maxInFlight: 64 }
    expect(partsInFlight({ ...input, partSize: 8 * MiB })).toBe(12)
    expect(partsInFlight({ ...input, partSize: 512 * MiB })).toBe(50)
  })

  it('never passes the number of parts allowed in flight', () => {
    expect(partsInFlight({ memoryBudget: GiB, partSize: 8 * MiB, maxInFlight: 4 })).toBe(4)
  })

  it('is one when the budget does not even pay for that', () => {
    expect(partsInFlight({ memoryBudget: 1, partSize: 8 * MiB, maxInFlight: 4 })).toBe(1)
    expect(partsInFlight({ memoryBudget: 0, partSize: 8 * MiB, maxInFlight: 4 })).toBe(1)
  })
})
