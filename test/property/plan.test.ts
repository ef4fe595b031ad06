import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  DOWNLOAD_RANGES_MAX,
  planDownload,
  rangeOf,
  type DownloadPlan,
} from '../../src/plan/download-plan.ts'
import { AWS_LIMITS, OBJECT_SIZE_MAX } from '../../src/plan/limits.ts'
import {
  complement,
  contiguousPrefix,
  parseContentRange,
  rangeAt,
  rangeHeader,
  splitIntoRanges,
  type ByteRange,
} from '../../src/plan/ranges.ts'
import { partRange, planUpload, type UploadPlan } from '../../src/plan/upload-plan.ts'
import { GiB, KiB, MiB, TiB } from '../../src/units.ts'

/** Sizes at which a plan changes its mind, and their neighbours. */
const EDGES = [
  0,
  1,
  5 * MiB,
  8 * MiB,
  16 * MiB,
  5 * GiB,
  10_000 * 5 * MiB,
  10_000 * 8 * MiB,
  5 * TiB,
]
  .flatMap((size) => [size - 1, size, size + 1])
  .concat(OBJECT_SIZE_MAX - 1, OBJECT_SIZE_MAX)
  .filter((size) => size >= 0)

/** All sizes S3 can hold, each order of magnitude as likely as the next. */
const objectSize = fc.oneof(
  fc.constantFrom(...EDGES),
  fc.double({ min: 0, max: 1, noNaN: true }).map((x) => Math.floor(OBJECT_SIZE_MAX ** x)),
  fc.integer({ min: 0, max: OBJECT_SIZE_MAX }),
)
const uploadPartSize = fc.oneof(
  fc.constantFrom(5 * MiB, 8 * MiB, 64 * MiB, 5 * GiB),
  fc.integer({ min: 5 * MiB, max: 5 * GiB }),
)

/** Names of the rules that do not hold. */
function broken(rules: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(rules).filter((rule) => rules[rule] !== true)
}

/** What keeps `count` ranges from tiling `size` bytes, looking at some of them. */
function brokenTiling(size: number, count: number, at: (index: number) => ByteRange): string[] {
  const first = at(0)
  const last = at(count - 1)
  const before = [0, 1, Math.floor(count / 2), count - 2].filter((i) => i >= 0 && i < count - 1)
  return broken({
    'starts at the first byte': first.offset === 0,
    'is equal but for the last': before.every((i) => at(i).length === first.length),
    'has no gap': before.every((i) => at(i).offset + at(i).length === at(i + 1).offset),
    'has a last range that is not empty': last.length >= 1,
    'has a last range that is not longer': last.length <= first.length,
    'ends at the last byte': last.offset + last.length === size,
  })
}

function brokenUpload(plan: UploadPlan, size: number, partSize: number): string[] {
  if (plan.kind === 'single') {
    return broken({
      'fits into one PUT': size <= AWS_LIMITS.singlePutMax,
      'is whole': plan.size === size && partRange(plan, 1).length === size,
    })
  }
  const rules = broken({
    'has few enough parts': plan.parts <= AWS_LIMITS.partsMax,
    'has parts no smaller than asked for': plan.partSize >= partSize,
    'has parts the store takes': plan.partSize <= AWS_LIMITS.partSizeMax,
  })
  return rules.concat(brokenTiling(size, plan.parts, (index) => partRange(plan, index + 1)))
}

function brokenDownload(plan: DownloadPlan, size: number, stored: number | undefined): string[] {
  if (plan.kind === 'empty') return broken({ 'has no bytes': size === 0 })
  if (plan.kind === 'single') {
    return broken({ 'is whole': size > 0 && rangeOf(plan, 0).length === size })
  }
  const isAligned = (edge: number): boolean =>
    Math.max(plan.partSize, edge) % Math.min(plan.partSize, edge) === 0
  const rules = broken({
    'has several ranges': plan.parts >= 2,
    'has few enough ranges': plan.parts <= DOWNLOAD_RANGES_MAX,
    'is aligned': stored === undefined || stored >= size || isAligned(stored),
  })
  return rules.concat(brokenTiling(size, plan.parts, (index) => rangeOf(plan, index)))
}

describe('ranges', () => {
  it('tile the object: every byte is in exactly one of them', () => {
    const sizes = fc.record({
      size: fc.integer({ min: 0, max: 2000 }),
      partSize: fc.integer({ min: 1, max: 300 }),
    })
    fc.assert(
      fc.property(sizes, ({ size, partSize }) => {
        const split = splitIntoRanges(size, partSize)
        const seen = new Uint8Array(size)
        for (let index = 0; index < split.count; index += 1) {
          const { offset, length } = rangeAt(split, index)
          expect(length).toBeGreaterThan(0)
          expect(offset + length).toBeLessThanOrEqual(size)
          for (let byte = offset; byte < offset + length; byte += 1) seen[byte]! += 1
        }
        expect(seen.every((count) => count === 1)).toBe(true)
      }),
    )
  })

  it('come back from the header of the answer as they were asked for', () => {
    fc.assert(
      fc.property(objectSize, fc.integer({ min: 1, max: GiB }), (offset, length) => {
        const asked = rangeHeader({ offset, length })
        const answer = `${asked.replace('=', ' ')}/${offset + length}`
        expect(parseContentRange(answer)).toEqual({ offset, length, size: offset + length })
      }),
    )
  })

  it('and their complement are the whole, without overlap', () => {
    const ranges = fc.array(fc.record({ offset: fc.nat(120), length: fc.nat(40) }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(ranges, fc.nat(140), (done, size) => {
        const isDone = Array.from({ length: size }, (_, byte) =>
          done.some((r) => byte >= r.offset && byte < r.offset + r.length),
        )
        const missing = complement(done, size)
        const isMissing = Array.from({ length: size }, (_, byte) =>
          missing.some((r) => byte >= r.offset && byte < r.offset + r.length),
        )
        expect(isMissing).toEqual(isDone.map((value) => !value))
        expect(missing.every((r) => r.length > 0 && r.offset + r.length <= size)).toBe(true)
        missing.slice(1).forEach((r, i) => {
          expect(r.offset).toBeGreaterThan(missing[i]!.offset + missing[i]!.length)
        })
        const firstMissing = isDone.concat(false).indexOf(false)
        expect(Math.min(contiguousPrefix(done), size)).toBe(firstMissing)
      }),
    )
  })
})

describe('an upload plan', () => {
  it('obeys every limit of S3 for every size it can hold', () => {
    const threshold = fc.option(fc.nat(OBJECT_SIZE_MAX), { nil: undefined })
    fc.assert(
      fc.property(objectSize, uploadPartSize, threshold, (size, partSize, multipartThreshold) => {
        const plan = planUpload({ size, partSize, multipartThreshold })
        expect(brokenUpload(plan, size, partSize)).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })

  it('grows parts by less than a MiB more than it must', () => {
    fc.assert(
      fc.property(fc.integer({ min: 80 * GiB, max: OBJECT_SIZE_MAX }), (size) => {
        const plan = planUpload({ size })
        if (plan.kind !== 'multipart') throw new Error('80 GiB go in parts')
        expect(plan.partSize - size / AWS_LIMITS.partsMax).toBeLessThan(MiB)
        expect(plan.partSize % MiB).toBe(0)
      }),
    )
  })

  it('refuses every size above the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: OBJECT_SIZE_MAX + 1, max: 2 ** 53 - 1 }), (size) => {
        expect(() => planUpload({ size })).toThrow('the store takes at most')
      }),
    )
  })
})

describe('a download plan', () => {
  it('tiles every object with a bounded number of ranges', () => {
    const partSize = fc.integer({ min: 64 * KiB, max: GiB })
    const stored = fc.option(fc.integer({ min: 1, max: 5 * GiB }), { nil: undefined })
    fc.assert(
      fc.property(objectSize, partSize, stored, (size, partSize, storedPartSize) => {
        const plan = planDownload({ size, partSize, storedPartSize })
        expect(brokenDownload(plan, size, storedPartSize)).toEqual([])
      }),
      { numRuns: 2000 },
    )
  })
})
