import { describe, expect, it } from 'vitest'

import {
  AWS_LIMITS,
  KEY_BYTES_MAX,
  METADATA_BYTES_MAX,
  TAGS_MAX,
} from '../../../src/plan/limits.ts'

describe('limits of S3', () => {
  it('agree with the published numbers', () => {
    expect(AWS_LIMITS).toEqual({
      partSizeMin: 5_242_880,
      partSizeMax: 5_368_709_120,
      partsMax: 10_000,
      objectSizeMax: 53_687_091_200_000,
      singlePutMax: 5_368_709_120,
    })
    expect([KEY_BYTES_MAX, METADATA_BYTES_MAX, TAGS_MAX]).toEqual([1024, 2048, 10])
  })

  it('cannot be changed by whoever imports them', () => {
    expect(Object.isFrozen(AWS_LIMITS)).toBe(true)
  })
})
