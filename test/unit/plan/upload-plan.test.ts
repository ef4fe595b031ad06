import { describe, expect, it } from 'vitest'

import { AWS_LIMITS, OBJECT_SIZE_MAX, type StoreLimits } from '../../../src/plan/limits.ts'
import { partRange, planUpload, type UploadPlanInput } from '../../../src/plan/upload-plan.ts'
import { GiB, MiB } from '../../../src/units.ts'

describe('planUpload', () => {
  it('sends zero bytes in one PUT, even when everything should go in parts', () => {
    expect(planUpload({ size: 0 })).toEqual({ kind: 'single', size: 0 })
    expect(planUpload({ size: 0, multipartThreshold: 0 })).toEqual({ kind: 'single', size: 0 })
  })

  it('starts to use parts at 16 MiB', () => {
    expect(planUpload({ size: 16 * MiB - 1 }).kind).toBe('single')
    expect(planUpload({ size: 16 * MiB })).toEqual({
      kind: 'multipart',
      size: 16 * MiB,
      partSize: 8 * MiB,
      parts: 2,
    })
  })

  it('does not open a multipart upload for what fits into one part', () => {
    const input = { partSize: 8 * MiB, multipartThreshold: 5 * MiB }
    expect(planUpload({ ...input, size: 8 * MiB }).kind).toBe('single')
    expect(planUpload({ ...input, size: 8 * MiB + 1 })).toMatchObject({ parts: 2 })
  })

  it('uses parts above what one PUT may carry, whatever the threshold', () => {
    const input = { partSize: 5 * GiB, multipartThreshold: OBJECT_SIZE_MAX }
    expect(planUpload({ ...input, size: 5 * GiB }).kind).toBe('single')
    expect(planUpload({ ...input, size: 5 * GiB + 1 })).toMatchObject({
      kind: 'multipart',
      parts: 2,
    })
  })

  it.each([
    [5 * MiB - 1, 5 * MiB, 1],
    [5 * MiB, 5 * MiB, 1],
    [5 * MiB + 1, 5 * MiB, 2],
    [10_000 * 5 * MiB, 5 * MiB, 10_000],
    [10_000 * 5 * MiB + 1, 6 * MiB, 8334],
    [10_000 * 8 * MiB + 1, 9 * MiB, 8889],
    [OBJECT_SIZE_MAX - 1, 5 * GiB, 10_000],
    [OBJECT_SIZE_MAX, 5 * GiB, 10_000],
  ])('plans %d bytes in parts of %d', (size, partSize, parts) => {
    const asked = partSize === 9 * MiB ? 8 * MiB : 5 * MiB
    const limits = { ...AWS_LIMITS, singlePutMax: 0 }
    const plan = planUpload({ size, partSize: asked, multipartThreshold: 0, limits })
    expect(plan).toEqual({ kind: 'multipart', size, partSize, parts })
  })

  it('keeps a part size that is no multiple of a MiB as long as it suffices', () => {
    const plan = planUpload({ size: 100_000_000, partSize: 5_500_001 })
    expect(plan).toMatchObject({ partSize: 5_500_001, parts: 19 })
  })

  it('grows parts no further than the store allows', () => {
    const limits: StoreLimits = {
      ...AWS_LIMITS,
      partSizeMax: 5 * MiB + 10,
      partsMax: 3,
      singlePutMax: 5 * MiB,
    }
    const size = 3 * (5 * MiB + 10)
    const plan = planUpload({ size, partSize: 5 * MiB, multipartThreshold: 0, limits })
    expect(plan).toMatchObject({ partSize: 5 * MiB + 10, parts: 3 })
  })

  it('sends one PUT when the parts of the store could not hold what one PUT can', () => {
    const limits = { ...AWS_LIMITS, partsMax: 2, partSizeMax: 8 * MiB }
    expect(planUpload({ size: 20 * MiB, limits })).toEqual({ kind: 'single', size: 20 * MiB })
  })
})

describe('planUpload refuses', () => {
  const codeOf = (input: UploadPlanInput): unknown => {
    try {
      return planUpload(input)
    } catch (error) {
      return error
    }
  }

  it('an object larger than the store takes, naming both sizes', () => {
    expect(codeOf({ size: OBJECT_SIZE_MAX + 1 })).toMatchObject({
      code: 'ERR_OBJECT_TOO_LARGE',
      message: expect.stringMatching(/53687091200001 bytes .*at most 53687091200000 bytes/),
    })
  })

  it('an object that needs more parts than the store takes, naming the limit', () => {
    const limits = { ...AWS_LIMITS, partsMax: 1000 }
    expect(planUpload({ size: 1000 * 5 * GiB, limits })).toMatchObject({ parts: 1000 })
    expect(codeOf({ size: 1000 * 5 * GiB + 1, limits })).toMatchObject({
      code: 'ERR_OBJECT_TOO_LARGE',
      message: expect.stringContaining('at most 1000 parts of 5 GiB'),
    })
  })

  it.each([5 * MiB - 1, 5 * GiB + 1, 6_000_000.5, Number.NaN, 0, -1])(
    'parts of %d bytes when parts are needed',
    (partSize) => {
      expect(codeOf({ size: 6 * GiB, partSize })).toMatchObject({
        code: 'ERR_OPTION_INVALID',
        context: { option: 'partSize' },
        message: expect.stringContaining('to be 5 MiB to 5 GiB, got'),
      })
    },
  )

  it('nothing about a part size that is not used', () => {
    expect(planUpload({ size: 1000, partSize: 1 })).toEqual({ kind: 'single', size: 1000 })
  })
})

describe('partRange', () => {
  it('counts parts from 1 and gives the rest to the last', () => {
    const plan = planUpload({ size: 20 * MiB })
    expect(partRange(plan, 1)).toEqual({ offset: 0, length: 8 * MiB })
    expect(partRange(plan, 3)).toEqual({ offset: 16 * MiB, length: 4 * MiB })
    expect(() => partRange(plan, 0)).toThrow('none of 3')
    expect(() => partRange(plan, 4)).toThrow('none of 3')
  })

  it('treats a single PUT as part 1', () => {
    expect(partRange({ kind: 'single', size: 0 }, 1)).toEqual({ offset: 0, length: 0 })
    expect(() => partRange({ kind: 'single', size: 9 }, 2)).toThrow('no part 2')
  })
})
