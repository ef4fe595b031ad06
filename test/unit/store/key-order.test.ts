import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareKeys } from '../../../src/store/key-order.ts'

describe('compareKeys', () => {
  it('is the order of the bytes in UTF-8', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', '\u0001', 'é', '\uE000', '\uFFFD', '\u{10000}', '\u{10FFFF}'),
    })
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
      { numRuns: 2000 },
    )
  })
})
