import { describe, expect, it } from 'vitest'
import { completedParts, PartTable } from '../../../src/transfer/part-table.ts'

function line(offset: number, length: number, etag = '"e"') {
  return { offset, length, etag, digest: Buffer.from([0, 0, 0, offset % 256]) }
}

describe('PartTable', () => {
  it('lists the parts in order, whatever the order in which they arrived', () => {
    const table = new PartTable()
    table.add(3, line(20, 5, '"c"'))
    table.add(1, line(0, 10, '"a"'))
    table.add(2, line(10, 10, '"b"'))
    const parts = completedParts(table.covering(25), 'CRC32')
    expect(parts.map(({ partNumber, etag }) => [partNumber, etag])).toEqual([
      [1, '"a"'],
      [2, '"b"'],
      [3, '"c"'],
    ])
    expect(parts[2]?.checksum).toEqual({ algorithm: 'CRC32', value: 'AAAAFA==' })
  })

  it('sends no checksums to a store that must not get them', () => {
    const table = new PartTable()
    table.add(1, line(0, 10))
    expect(completedParts(table.covering(10), undefined)[0]?.checksum).toBeUndefined()
  })

  it.each<[string, (table: PartTable) => void]>([
    ['the first part is missing', (table) => table.add(2, line(10, 10))],
    [
      'a part in the middle is missing',
      (table) => {
        table.add(1, line(0, 10))
        table.add(3, line(10, 10))
      },
    ],
    ['the last part is missing', (table) => table.add(1, line(0, 10))],
    [
      'two parts overlap',
      (table) => {
        table.add(1, line(0, 11))
        table.add(2, line(10, 10))
      },
    ],
    [
      'there is a gap between two parts',
      (table) => {
        table.add(1, line(0, 9))
        table.add(2, line(10, 11))
      },
    ],
    [
      'a part is longer than the object',
      (table) => {
        table.add(1, line(0, 10))
        table.add(2, line(10, 11))
      },
    ],
  ])('refuses to complete when %s', (_, fill) => {
    const table = new PartTable()
    fill(table)
    expect(() => table.covering(20)).toThrow('Invariant broken')
  })

  it.each<[string, (table: PartTable) => void]>([
    ['twice', (table) => table.add(1, line(0, 10))],
    ['below 1', (table) => table.add(0, line(0, 10))],
    ['without an ETag', (table) => table.add(2, line(10, 10, ''))],
  ])('refuses a part %s', (_, add) => {
    const table = new PartTable()
    table.add(1, line(0, 10))
    expect(() => add(table)).toThrow('Invariant broken')
  })
})
