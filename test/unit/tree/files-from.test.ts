import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCsvRow } from '../../../src/tree/csv.ts'
import { readList, readListFile, type ListOptions } from '../../../src/tree/files-from.ts'
import { splitRecords } from '../../../src/tree/records.ts'
import { collect } from '../../helpers/collect.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve()
    yield bytes.subarray(at, at + size)
  }
}

async function listed(text: string | Buffer, options: ListOptions, size = 7) {
  return collect(readList(inChunks(Buffer.from(text), size), 'list', options))
}
async function names(text: string | Buffer, format: ListOptions['format'], size = 7) {
  return (await listed(text, { format }, size)).map(({ name }) => name)
}

describe('a list of names', () => {
  it('has a name a line', async () => {
    const text = '\ufeffa\r\n\nb c\n é,"x"\nlast'
    for (const size of [1, 2, 3, 100]) {
      expect(await listed(text, { format: 'lines' }, size)).toEqual([
        { name: 'a', line: 1 },
        { name: 'b c', line: 3 },
        { name: ' é,"x"', line: 4 },
        { name: 'last', line: 5 },
      ])
    }
    expect(await names('', 'lines')).toEqual([])
  })

  it('has names that end in NUL, with whatever else in them', async () => {
    expect(await names('a\nb\0c\r\0"d\0', 'nul')).toEqual(['a\nb', 'c\r', '"d'])
  })

  it('is CSV with or without names of columns', async () => {
    expect(await names('a\n"b,c"\n"d""e"\n"f\ng"\r\n', 'csv')).toEqual(['a', 'b,c', 'd"e', 'f\ng'])
    expect(await names('x,1\ny,2\n', 'csv')).toEqual(['x', 'y'])
    expect(await listed('Size,Key\n5,a%20+\n,b\n', { format: 'csv' })).toEqual([
      { name: 'a%20+', size: 5, line: 2 },
      { name: 'b', line: 3 },
    ])
    expect(await listed('1,a\n', { format: 'csv', columns: ['size', 'name'] })).toEqual([
      { name: 'a', size: 1, line: 1 },
    ])
  })

  it('is an inventory', async () => {
    const text = '"b","a%20b+c%2Bd%C3%A9","12"\n"b","x/y",""\n'
    expect(await listed(text, { format: 'inventory' })).toEqual([
      { bucket: 'b', name: 'a b c+dé', size: 12, line: 1 },
      { bucket: 'b', name: 'x/y', line: 2 },
    ])
    expect(await names('b,k1\nb,k2,version\n', 'inventory')).toEqual(['k1', 'k2'])
  })

  it('is an inventory of versions, of which the latest count', async () => {
    const columns = 'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size'.split(',')
    const text = ['b,k,2,true,false,7', 'b,k,1,false,false,5', 'b,m,3,true,true,'].join('\n')
    expect(await listed(text, { format: 'inventory', columns })).toEqual([
      { bucket: 'b', name: 'k', size: 7, line: 1 },
    ])
  })

  it('may be compressed, also in several members', async () => {
    const bytes = Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')])
    for (const size of [1, 9, 1000])
      expect(await names(bytes, 'lines', size)).toEqual(['a', 'bc', 'd'])
  })

  it.each<[string | Buffer, ListOptions['format'], string]>([
    ['a\nb\n"c\nd', 'csv', 'list, line 3: A quote is not closed.'],
    ['"a\nb"\nc"d"\n', 'csv', 'list, line 3: A quote is out of place.'],
    ['"a"b\n', 'csv', 'list, line 1: A quote is out of place.'],
    ['""\n', 'csv', 'list, line 1: The name is empty.'],
    ['b,a\nb\n', 'inventory', 'list, line 2: It has 1 columns, and none for the name.'],
    ['b,a\nb,%E9\n', 'inventory', "list, line 2: The key '%E9' is not encoded as in a URL."],
    [Buffer.from('a\n\xe9\n', 'latin1'), 'lines', 'list, line 2: It is not UTF-8.'],
    [gzipSync('a\nb\n').subarray(0, 15), 'lines', 'list, line 1: It is no whole gzip file: '],
    [
      Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
      'lines',
      'list, line 1: It is no whole gzip file: ',
    ],
    [
      'x'.repeat(2 ** 20 + 9),
      'lines',
      'list, line 1: It is longer than 1 MiB; is this a list of names?',
    ],
  ])('is refused with the line', async (text, format, message) => {
    await expect(names(text, format, 4096)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining(message),
    })
  })

  it('holds no more of a long list than a chunk', async () => {
    let made = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        made += 1
        await Promise.resolve()
        yield Buffer.from('a\n'.repeat(100))
      }
    }
    let seen = 0
    for await (const { line } of readList(endless(), 'list', { format: 'lines' })) {
      seen += 1
      expect(line).toBe(seen)
      if (seen === 1000) break
    }
    expect(made).toBe(10)
  })

  it('has of any rows what was written, however it is cut', async () => {
    const field = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é', '😀'),
      minLength: 1,
      maxLength: 6,
    })
    const chunk = fc.integer({ min: 1, max: 9 })
    await fc.assert(
      fc.asyncProperty(fc.array(field, { maxLength: 8 }), chunk, async (fields, size) => {
        const text = fields.map((name) => `"${name.replaceAll('"', '""')}",x\r\n`).join('')
        expect(await names(text, 'csv', size)).toEqual(fields)
      }),
      { numRuns: 500 },
    )
  })
})

describe('records', () => {
  it('are not begun by the end of the last one', async () => {
    const rules = { end: 'newline', quotes: false } as const
    const records = await collect(splitRecords(inChunks(Buffer.from('a\n\nb\n'), 2), rules, 'list'))
    expect(records.map(({ text }) => text)).toEqual(['a', '', 'b'])
  })
})

describe('a list in a file', () => {
  const directory = useTemporaryDirectory()

  it('is read from there', async () => {
    const path = join(directory(), 'list.gz')
    writeFileSync(path, gzipSync('a\nb\n'))
    expect(await collect(readListFile(path, { format: 'lines' }))).toHaveLength(2)
  })

  it('is told when it is missing', async () => {
    const path = join(directory(), 'none')
    await expect(collect(readListFile(path, { format: 'lines' }))).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      context: { path },
    })
  })
})

describe('a row of CSV', () => {
  it.each([
    ['', ['']],
    ['a,b', ['a', 'b']],
    ['a,', ['a', '']],
    [',', ['', '']],
    ['"",""', ['', '']],
    ['"a,""b""\n",c', ['a,"b"\n', 'c']],
    [' a , b ', [' a ', ' b ']],
    ['a"b', undefined],
    ['"a', undefined],
    ['"a"b', undefined],
  ])('%j has the fields %j', (row, fields) => {
    expect(parseCsvRow(row)).toEqual(fields)
  })
})
