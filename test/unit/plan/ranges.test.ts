import { describe, expect, it } from 'vitest'

import {
  complement,
  contiguousPrefix,
  parseContentRange,
  rangeAt,
  rangeHeader,
  splitIntoRanges,
} from '../../../src/plan/ranges.ts'
import { TiB } from '../../../src/units.ts'

const range = (offset: number, length: number) => ({ offset, length })

describe('splitIntoRanges', () => {
  it('gives the rest to the last range', () => {
    const split = splitIntoRanges(25, 10)
    expect(split.count).toBe(3)
    expect([0, 1, 2].map((index) => rangeAt(split, index))).toEqual([
      range(0, 10),
      range(10, 10),
      range(20, 5),
    ])
  })

  it('gives no empty range when the size is a multiple of the part size', () => {
    const split = splitIntoRanges(20, 10)
    expect(split.count).toBe(2)
    expect(rangeAt(split, 1)).toEqual(range(10, 10))
  })

  it('gives no ranges for no bytes', () => {
    expect(splitIntoRanges(0, 10).count).toBe(0)
  })

  it('refuses sizes that are no counts of bytes', () => {
    for (const size of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => splitIntoRanges(size, 10)).toThrow('a size is a count of bytes')
    }
    for (const partSize of [0, -1, 0.5, Number.NaN]) {
      expect(() => splitIntoRanges(10, partSize)).toThrow('a part has bytes')
    }
  })

  it('refuses an index outside of the split', () => {
    const split = splitIntoRanges(20, 10)
    for (const index of [-1, 2, 0.5, Number.NaN]) {
      expect(() => rangeAt(split, index)).toThrow(`range ${index} is none of 2`)
    }
  })
})

describe('rangeHeader', () => {
  it('writes the last byte inclusively', () => {
    expect(rangeHeader(range(0, 1))).toBe('bytes=0-0')
    expect(rangeHeader(range(48 * TiB, 100))).toBe('bytes=52776558133248-52776558133347')
  })

  it('refuses a range without bytes', () => {
    expect(() => rangeHeader(range(5, 0))).toThrow('an empty range')
  })
})

describe('parseContentRange', () => {
  it('reads first byte, last byte and size', () => {
    expect(parseContentRange('bytes 10-19/25')).toEqual({ offset: 10, length: 10, size: 25 })
    expect(parseContentRange(' bytes 0-0/1 ')).toEqual({ offset: 0, length: 1, size: 1 })
  })

  it('leaves the size open where the server does', () => {
    expect(parseContentRange('bytes 10-19/*')).toEqual({ offset: 10, length: 10, size: undefined })
  })

  it.each([
    '',
    'bytes */25',
    'bytes 19-10/25',
    'bytes 10-25/25',
    'bytes 10-/25',
    'bytes -5/25',
    'bytes=10-19/25',
    'octets 10-19/25',
    'bytes 10-19/25, bytes 20-21/25',
    'bytes 0x1-19/25',
    'bytes 10-9007199254740993/*',
    'bytes 10-19/99007199254740993',
  ])('rejects %j', (text) => {
    expect(parseContentRange(text)).toBeUndefined()
  })
})

describe('complement', () => {
  it('is everything when nothing is done', () => {
    expect(complement([], 10)).toEqual([range(0, 10)])
  })

  it('is nothing when everything is done, in any order', () => {
    expect(complement([range(5, 5), range(0, 5)], 10)).toEqual([])
    expect(complement([], 0)).toEqual([])
  })

  it('lists the gaps between ranges that overlap, repeat or contain one another', () => {
    const done = [range(40, 10), range(10, 10), range(12, 2), range(10, 10), range(15, 10)]
    expect(complement(done, 60)).toEqual([range(0, 10), range(25, 15), range(50, 10)])
  })

  it('ignores empty ranges and what lies past the end', () => {
    expect(complement([range(3, 0), range(8, 10), range(20, 5)], 10)).toEqual([range(0, 8)])
  })
})

describe('contiguousPrefix', () => {
  it('is zero while the first byte is missing', () => {
    expect(contiguousPrefix([])).toBe(0)
    expect(contiguousPrefix([range(1, 10)])).toBe(0)
  })

  it('ends at the first gap', () => {
    expect(contiguousPrefix([range(20, 5), range(10, 5), range(0, 10), range(2, 3)])).toBe(15)
  })
})
