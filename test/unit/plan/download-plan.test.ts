import { describe, expect, it } from 'vitest'

import { planDownload, rangeOf } from '../../../src/plan/download-plan.ts'
import { OBJECT_SIZE_MAX } from '../../../src/plan/limits.ts'
import { GiB, MiB } from '../../../src/units.ts'

describe('planDownload', () => {
  it('asks for nothing when the object is empty', () => {
    const plan = planDownload({ size: 0 })
    expect(plan).toEqual({ kind: 'empty' })
    expect(() => rangeOf(plan, 0)).toThrow('an empty object has no ranges')
  })

  it('takes one GET up to the part size', () => {
    expect(planDownload({ size: 8 * MiB })).toEqual({ kind: 'single', size: 8 * MiB })
    expect(planDownload({ size: 8 * MiB + 1 })).toEqual({
      kind: 'ranges',
      size: 8 * MiB + 1,
      partSize: 8 * MiB,
      parts: 2,
    })
  })

  it.each([
    ['a multiple of small stored parts', 5 * MiB, 15 * MiB],
    ['the stored part size when it is the wanted one', 16 * MiB, 16 * MiB],
    ['a half of stored parts twice as large', 32 * MiB, 16 * MiB],
    ['the largest piece that divides a stored part', 50 * MiB, 12.5 * MiB],
    ['many pieces of very large stored parts', 5 * GiB, 16 * MiB],
    ['whole stored parts that have no divisor near', 20_971_529, 20_971_529],
    ['as asked when the object is one stored part', 10 * GiB, 16 * MiB],
  ])('asks for %s', (_what, storedPartSize, partSize) => {
    const plan = planDownload({ size: 10 * GiB, partSize: 16 * MiB, storedPartSize })
    expect(plan).toMatchObject({ kind: 'ranges', partSize })
  })

  it('makes ranges larger before there are too many of them', () => {
    expect(planDownload({ size: 100_000 * 8 * MiB })).toMatchObject({ parts: 100_000 })
    expect(planDownload({ size: 100_000 * 8 * MiB + 1 })).toMatchObject({ partSize: 9 * MiB })
    expect(planDownload({ size: OBJECT_SIZE_MAX })).toMatchObject({ partSize: 512 * MiB })
  })

  it('stays aligned when ranges have to grow', () => {
    const size = 100_000 * 16 * MiB
    const plan = planDownload({ size, storedPartSize: 15 * MiB, partSize: 8 * MiB })
    expect(plan).toMatchObject({ partSize: 30 * MiB })
  })
})

describe('rangeOf', () => {
  it('counts from 0 and gives the rest to the last', () => {
    const plan = planDownload({ size: 20 * MiB })
    expect(rangeOf(plan, 0)).toEqual({ offset: 0, length: 8 * MiB })
    expect(rangeOf(plan, 2)).toEqual({ offset: 16 * MiB, length: 4 * MiB })
    expect(() => rangeOf(plan, 3)).toThrow('none of 3')
  })

  it('treats a single GET as range 0', () => {
    const plan = planDownload({ size: 5 })
    expect(rangeOf(plan, 0)).toEqual({ offset: 0, length: 5 })
    expect(() => rangeOf(plan, 1)).toThrow('none of 1')
  })
})
