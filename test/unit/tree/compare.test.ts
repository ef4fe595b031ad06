import { describe, expect, it } from 'vitest'
import { compare, type CompareRules, type Direction } from '../../../src/tree/compare.ts'

const entry = (size: number, mtimeMs: number) => ({ name: 'a', size, mtimeMs })
const NOON = 1_700_000_000_000

/** The reason, for a source that many milliseconds after its destination. */
function reasonAt(leadMs: number, rules: CompareRules): string {
  const { transfer, reason } = compare(entry(1, NOON + leadMs), entry(1, NOON), rules)
  expect(transfer).toBe(reason !== 'same')
  return reason
}

describe('what a sync moves', () => {
  it.each<Direction>(['upload', 'download'])(
    'on %s: what is missing or differs in size',
    (direction) => {
      const rules = { direction, sizeOnly: true }
      expect(compare(entry(0, 0), undefined, rules)).toEqual({ transfer: true, reason: 'missing' })
      expect(compare(entry(2, 0), entry(1, 9), rules)).toEqual({ transfer: true, reason: 'size' })
      expect(compare(entry(1, 0), entry(2, 9), { direction })).toEqual({
        transfer: true,
        reason: 'size',
      })
    },
  )

  it('on upload: what is newer at the source', () => {
    const direction: Direction = 'upload'
    for (const exactTimestamps of [false, true]) {
      const rules = { direction, exactTimestamps }
      expect([-1000, 0, 1, 1000].map((lead) => reasonAt(lead, rules))).toEqual([
        'same',
        'same',
        'newer',
        'newer',
      ])
    }
  })

  it('on download: what is newer at the destination', () => {
    const rules = { direction: 'download' } as const
    expect([-1000, -1, 0, 1000].map((lead) => reasonAt(lead, rules))).toEqual([
      'time',
      'time',
      'same',
      'same',
    ])
  })

  it('on download with exact times: what differs in time', () => {
    const rules = { direction: 'download', exactTimestamps: true } as const
    expect([-1000, 0, 1000].map((lead) => reasonAt(lead, rules))).toEqual(['time', 'same', 'newer'])
  })

  it('looks at no time when sizes are enough', () => {
    for (const direction of ['upload', 'download'] as const) {
      const rules = { direction, sizeOnly: true, exactTimestamps: true }
      expect([-1000, 0, 1000].map((lead) => reasonAt(lead, rules))).toEqual([
        'same',
        'same',
        'same',
      ])
    }
  })

  it('takes times for equal that differ by less than a file system keeps', () => {
    const rules = { direction: 'download', exactTimestamps: true } as const
    expect([-0.1, 0.1].map((lead) => reasonAt(lead, rules))).toEqual(['same', 'same'])
  })
})
