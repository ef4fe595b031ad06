import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { checkFilesFrom, wantedNames, type FilesFrom } from '../../../src/tree/name-list.ts'
import { collect } from '../../helpers/collect.ts'
import { failureOf } from '../../helpers/failure.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const remote = { kind: 'store', bucket: 'b', prefix: 'p/' } as const
const never = new AbortController().signal

function file(name: string, content: string | Buffer): string {
  const path = join(directory(), name)
  writeFileSync(path, content)
  return path
}

async function names(
  from: FilesFrom,
  direction: 'upload' | 'download' = 'upload',
): Promise<string[]> {
  const wanted = await collect(wantedNames(from, { direction, remote }, never))
  return wanted.map(({ name, size }) => (size === undefined ? name : `${name} ${size}`))
}

async function refusal(from: FilesFrom): Promise<string> {
  const error = await failureOf(names(from))
  expect(error.code).toBe('ERR_OPTION_INVALID')
  return error.message
}

describe('names in place of a listing', () => {
  it('are a list, a sequence, or the lines of a file', async () => {
    async function* sequence(): AsyncGenerator<string> {
      yield await Promise.resolve('x')
    }
    expect(await names(['a', 'b/c'])).toEqual(['a', 'b/c'])
    expect(await names(sequence())).toEqual(['x'])
    expect(await names(file('list', 'a\nb/c\n'))).toEqual(['a', 'b/c'])
    expect(await names({ path: file('nul', 'a\0b\nc\0'), format: 'nul' })).toEqual(['a', 'b\nc'])
  })

  it('are keys of an inventory behind the prefix, without it', async () => {
    const rows = '"b","p/x%20y","12"\n"b","other/z","1"\n"b","p/w",""\n'
    const path = file('inventory.csv.gz', gzipSync(rows))
    expect(await names({ path, format: 'inventory' })).toEqual(['x y 12', 'w'])
    const elsewhere = file('elsewhere', '"c","p/x","1"\n')
    expect(await refusal({ path: elsewhere, format: 'inventory' })).toMatch(/line 1.* bucket c/)
  })

  it('end when it is aborted, though nobody gives more', async () => {
    async function* silent(): AsyncGenerator<string> {
      await new Promise(() => undefined)
      yield ''
    }
    const cut = new AbortController()
    const wanted = collect(wantedNames(silent(), { direction: 'upload', remote }, cut.signal))
    cut.abort()
    expect((await failureOf(wanted)).code).toBe('ERR_ABORTED')
  })

  it('are refused when they are none', async () => {
    expect(await refusal([1] as never)).toMatch(/give texts/)
    for (const value of ['', 5, {}, { path: '' }, { path: 'x', format: 'xml' }, null]) {
      expect(() => checkFilesFrom(value, 'download')).toThrow(/Expected `filesFrom`/)
    }
    const inventory = { path: 'x', format: 'inventory' }
    expect(() => checkFilesFrom(inventory, 'download')).not.toThrow()
    expect(() => checkFilesFrom(inventory, 'upload')).toThrow(/other format than inventory/)
    const manifest = { path: 'x', format: 'manifest' }
    expect(() => checkFilesFrom(manifest, 'copy')).not.toThrow()
    expect(() => checkFilesFrom(manifest, 'upload')).toThrow(/other format than manifest/)
  })
})

describe('names that failed by a report', () => {
  const failed = { status: 'failed', operation: 'upload', bucket: 'b' }
  const lines = (rows: readonly object[]): string =>
    rows.map((row) => `${JSON.stringify(row)}\n`).join('')

  it('are those that failed and those that should not have been skipped, of either form', async () => {
    const rows = [
      { ...failed, status: 'done', name: 'done', key: 'p/done' },
      { ...failed, name: 'a"\n', key: 'p/a"\n', size: 3 },
      { ...failed, operation: 'delete', name: 'extra', key: 'p/extra' },
      { status: 'skipped', name: 'gone', reason: 'vanished' },
      { status: 'skipped', name: 'link', reason: 'symbolic-link' },
    ]
    const json = file('r.ndjson', lines(rows))
    expect(await names({ path: json, format: 'report' })).toEqual(['a"\n 3', 'gone'])
    const csv = file(
      'r.csv',
      'status,operation,name,bucket,key,size,reason\n' +
        'done,upload,done,b,p/done,1,copy\n' +
        'failed,upload,"a""\n",b,"p/a""\n",3,copy\n' +
        'skipped,,gone,,,,vanished\n',
    )
    const found = await names({ path: csv, format: 'report' })
    expect(found).toEqual(['a"\n 3', 'gone 0'])
  })

  it('are of this tree, or it is refused with the line', async () => {
    const other = [{ ...failed, name: 'a', key: 'q/a' }]
    const bucket = [{ ...failed, bucket: 'c', name: 'a', key: 'p/a' }]
    const down = [{ ...failed, operation: 'download', name: 'a', key: 'p/a' }]
    const refused = (rows: readonly object[]) =>
      refusal({ path: file('report', lines(rows)), format: 'report' })
    expect(await refused(other)).toMatch(/line 1: It is about s3:\/\/b\/q\/a/)
    expect(await refused(bucket)).toMatch(/It is about s3:\/\/c\/p\/a/)
    expect(await refused(down)).toMatch(/went the other way/)
    expect(await refused([{ ...failed, name: 'a', key: 'p/a' }, {}])).toMatch(/line 2: .* no line/)
    const text = file('text', 'just\nnames\n')
    expect(await refusal({ path: text, format: 'report' })).toMatch(/no line of a report/)
  })

  it('are those whose last line is a failure, and none of a line that a kill has cut', async () => {
    const rows = [
      { ...failed, name: 'a', key: 'p/a' },
      { ...failed, name: 'b', key: 'p/b' },
      { ...failed, name: 'a', key: 'p/a', status: 'done' },
      { ...failed, name: 'b', key: 'p/b', size: 7 },
      { ...failed, name: 'b', key: 'p/b', status: 'done', operation: 'delete' },
    ]
    const path = file('outcomes.ndjson', `${lines(rows)}{"status":"fai`)
    expect(await names({ path, format: 'report' })).toEqual(['b 7'])
    const inside = file('inside', `${lines(rows)}{"status":"fai\n${lines(rows)}`)
    expect(await refusal({ path: inside, format: 'report' })).toMatch(/line 6: It is no line/)
  })
})

describe('names of a manifest', () => {
  const record = { bucket: 'b', size: 5, verified: 'none', time: '2026-11-30T00:00:00.000Z' }
  const header = { operation: 'upload', from: '/d', to: 's3://b/p', bucket: 'b', prefix: 'p/' }
  const end = { records: 2, bytes: 10, failed: 0, complete: true, finished: '2026-11-30' }
  const manifest = (name: string, head: object, rows: readonly object[], last?: object): string => {
    const first = {
      format: 'transfer-engine manifest',
      version: 1,
      started: '',
      tool: 't',
      ...head,
    }
    const all = [first, ...rows, ...(last === undefined ? [] : [{ end: last }])]
    return file(name, all.map((row) => `${JSON.stringify(row)}\n`).join(''))
  }
  const rows = [
    { ...record, key: 'p/x', name: 'x' },
    { ...record, key: 'p/y/z', name: 'y/z' },
  ]
  const read = (path: string, prefix = 'p/') => {
    const side = { kind: 'store', bucket: 'b', prefix } as const
    const spec = { direction: 'copy', remote: { ...side, bucket: 'to' }, listed: side } as const
    return collect(wantedNames({ path, format: 'manifest' }, spec, never))
  }

  it('are its keys behind the prefix, of one below or above it too', async () => {
    const path = manifest('m', header, rows, end)
    expect(await read(path)).toEqual([
      { name: 'x', size: 5 },
      { name: 'y/z', size: 5 },
    ])
    expect(await read(path, '')).toMatchObject([{ name: 'p/x' }, { name: 'p/y/z' }])
    expect(await read(path, 'p/y/')).toMatchObject([{ name: 'z' }])
  })

  it('are the names of sources where it is of copies of them', async () => {
    const copies = { operation: 'copy', from: 's3://b/p/', bucket: 'c', prefix: 'q/' }
    const renamed = [{ ...record, bucket: 'c', key: 'q/X', name: 'x' }]
    const path = manifest('copies', { ...header, ...copies }, renamed, { ...end, records: 1 })
    expect(await read(path)).toEqual([{ name: 'x', size: 5 }])
  })

  it('are refused of something else, of no manifest, and when it was cut off', async () => {
    const other = manifest('other', { ...header, bucket: 'c' }, [], { ...end, records: 0 })
    const elsewhere = await failureOf(read(other))
    expect(elsewhere.code).toBe('ERR_OPTION_INVALID')
    expect(elsewhere.message).toMatch(/a manifest of s3:\/\/c\/p\/, and not of s3:\/\/b\/p\//)
    expect((await failureOf(read(manifest('m', header, rows, end), 'q/'))).code).toBe(
      'ERR_OPTION_INVALID',
    )
    expect((await failureOf(read(file('text', 'a,b\n')))).code).toBe('ERR_MANIFEST_INCOMPLETE')
    expect((await failureOf(read(file('json', '{}\n')))).code).toBe('ERR_MANIFEST_INVALID')
    const cut = await failureOf(read(manifest('cut', header, rows)))
    expect(cut.code).toBe('ERR_MANIFEST_INCOMPLETE')
    expect((await failureOf(read('no-such-manifest'))).code).toBe('ERR_SOURCE_NOT_FOUND')
  })
})
