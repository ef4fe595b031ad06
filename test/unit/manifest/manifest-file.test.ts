/** Manifests written and read again, whole, cut off and spoilt. */

import { existsSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import type { ManifestRecord } from '../../../src/manifest/format.ts'
import { ManifestFile } from '../../../src/manifest/manifest-file.ts'
import { openManifest } from '../../../src/manifest/read-manifest.ts'
import type { DoneOutcome, Outcome } from '../../../src/tree/outcome.ts'
import { failureOf } from '../../helpers/failure.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const never = new AbortController().signal

const SUBJECT = {
  operation: 'upload',
  from: '/tree',
  to: 's3://b/p/',
  bucket: 'b',
  prefix: 'p/',
  root: '/tree',
}

const done = (name: string, more: Partial<DoneOutcome> = {}): DoneOutcome => ({
  operation: 'upload',
  name,
  key: `p/${name}`,
  path: `/tree/${name}`,
  size: 7,
  reason: 'copy',
  status: 'done',
  attempts: 1,
  elapsedMs: 1,
  etag: '"abc"',
  versionId: 'v1',
  checksum: { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' },
  verified: 'checksum',
  fileMtimeMs: 1000.4,
  ...more,
})

async function write(name: string, outcomes: readonly Outcome[], hasEnded = true): Promise<string> {
  const path = join(directory(), name)
  const file = await ManifestFile.open(path, SUBJECT, never)
  for (const outcome of outcomes) await file.outcome(outcome)
  await file.close(hasEnded)
  return path
}

async function read(path: string): Promise<{
  readonly records: readonly ManifestRecord[]
  readonly end: object | undefined
}> {
  const manifest = await openManifest(path, never)
  const records: ManifestRecord[] = []
  for await (const { record } of manifest.records) records.push(record)
  return { records, end: manifest.end() }
}

const NAMES = ['m.ndjson', 'm.jsonl.gz', 'm.csv', 'm.csv.gz']

describe.each(NAMES)('%s', (name) => {
  it('says what is in place, and how it ended', async () => {
    const { code } = { code: 'ERR_ACCESS_DENIED' } as const
    const path = await write(name, [
      done('a'),
      done('line\nbreak', { path: '/tree/encoded', etag: undefined, versionId: undefined }),
      { ...done('gone'), operation: 'delete' },
      { ...done('bad'), status: 'failed', error: new TransferError(code, 'no') },
      { status: 'skipped', name: 'link', reason: 'symbolic-link' },
      { status: 'skipped', name: 'odd', reason: 'unreadable' },
    ])
    const { records, end } = await read(path)
    expect(records).toMatchObject([
      { key: 'p/a', size: 7, etag: 'abc', versionId: 'v1', mtime: 1000, verified: 'checksum' },
      { key: 'p/line\nbreak', name: 'line\nbreak', file: 'encoded' },
    ])
    expect(records[0]?.file).toBeUndefined()
    expect(end).toMatchObject({ records: 2, bytes: 14, failed: 2, complete: false })
    expect(await readdir(directory())).not.toContain(`${name}.part`)
  })

  it('is complete when all has ended and nothing failed', async () => {
    const whole = await read(await write(name, [done('a')]))
    expect(whole.end).toMatchObject({ records: 1, failed: 0, complete: true })
    const broken = await read(await write(name, [done('a')], false))
    expect(broken.end).toMatchObject({ records: 1, failed: 0, complete: false })
  })

  it('keeps nothing of the one before', async () => {
    await write(name, [done('a'), done('b')])
    const { records } = await read(await write(name, [done('c')]))
    expect(records.map((record) => record.name)).toEqual(['c'])
  })
})

describe('what was in place before', () => {
  it('is told with what is known', async () => {
    const path = join(directory(), 'sync.ndjson')
    const file = await ManifestFile.open(path, SUBJECT, never)
    const entry = { name: 'a', key: 'p/a', size: 7, etag: '"e"', fileMtimeMs: 5 }
    await file.unchanged({ ...entry, lastModified: 0, checksum: undefined })
    const { checksum } = done('a')
    await file.unchanged({ ...entry, lastModified: 9, checksum })
    await file.close(true)
    const { records } = await read(path)
    expect(records).toMatchObject([
      { etag: 'e', mtime: 5, verified: 'none', lastModified: undefined, checksum: undefined },
      { verified: 'checksum', lastModified: 9, checksum },
    ])
  })
})

describe('CSV', () => {
  it('is as S3 Batch Operations takes it, with no row but those of objects', async () => {
    const path = await write('batch.csv', [done('ä +,"\n/b')])
    const text = readFileSync(path, 'utf8')
    expect(text).toMatch(/^b,p\/%C3%A4%20%2B%2C%22%0A\/b,v1,7,CRC32,AAAAAA==,FULL_OBJECT,abc,/)
    expect(text.split('\n')).toHaveLength(2)
  })
})

describe('a manifest that is not whole', () => {
  it('in NDJSON has no end, wherever it was cut off', async () => {
    const path = await write('cut.ndjson', [done('a'), done('b')])
    const text = readFileSync(path, 'utf8')
    const lines = text.split('\n')
    for (const length of [text.length - 3, lines.slice(0, 2).join('\n').length + 20]) {
      truncateSync(path, length)
      const { records, end } = await read(path)
      expect(records.length).toBeGreaterThan(0)
      expect(end).toBeUndefined()
    }
  })

  it('in CSV has too few rows, or nothing beside it', async () => {
    const path = await write('cut.csv', [done('a'), done('b')])
    writeFileSync(path, `${readFileSync(path, 'utf8').split('\n')[0]}\n`)
    const { records, end } = await read(path)
    expect([records.length, end]).toEqual([1, undefined])
    await rm(`${path}.json`)
    expect(await failureOf(read(path))).toMatchObject({ code: 'ERR_MANIFEST_INCOMPLETE' })
  })

  it('compressed says so', async () => {
    const path = await write('cut.ndjson.gz', [done('a'), done('b')])
    truncateSync(path, readFileSync(path).length - 12)
    expect(await failureOf(read(path))).toMatchObject({ code: 'ERR_MANIFEST_INCOMPLETE' })
  })
})

describe('what is no manifest', () => {
  const good = async (): Promise<string[]> => {
    const path = await write('good.ndjson', [done('a'), done('b')])
    return readFileSync(path, 'utf8').trimEnd().split('\n')
  }

  it.each<[string, (lines: readonly string[]) => Uint8Array | string, RegExp]>([
    ['is empty', () => '', /It is empty/],
    ['is something else', () => '{"a":1}\n', /does not begin as a manifest/],
    ['is a picture', () => Buffer.from([0x89, 0x50, 0xff, 0x0a]), /not UTF-8/],
    [
      'has a line of something else',
      ([a, b, c]) => [a, '7', b, c].join('\n'),
      /line 2: It is no rec/,
    ],
    [
      'has a broken line',
      ([a, b, ...rest]) => [a, '{', b, ...rest].join('\n'),
      /line 2: It is no J/,
    ],
    ['goes on', (lines) => [...lines, lines[1]].join('\n'), /line 5: It goes on behind its end/],
    ['lacks a line', ([a, , ...rest]) => [a, ...rest].join('\n'), /has 2 records, and has 1/],
    ['is of no gzip', () => gzipSync('').subarray(0, 4), /./],
  ])('%s', async (_, spoil, problem) => {
    const path = join(directory(), 'spoilt.ndjson')
    writeFileSync(path, spoil(await good()))
    const error = await failureOf(read(path))
    expect(error.code).toMatch(/^ERR_MANIFEST_IN(VALID|COMPLETE)$/)
    expect(error.message).toMatch(problem)
  })

  it('in CSV has other rows or columns', async () => {
    const path = await write('spoilt.csv', [done('a')])
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, `${text}b,c\n`)
    expect((await failureOf(read(path))).message).toMatch(/line 2: It is no row of a manifest/)
    writeFileSync(path, text + text)
    expect((await failureOf(read(path))).message).toMatch(/has 1 records, and has 2/)
    const beside = readFileSync(`${path}.json`, 'utf8')
    writeFileSync(`${path}.json`, beside.replace('VersionId, ', ''))
    expect((await failureOf(read(path))).message).toMatch(/other columns/)
    writeFileSync(`${path}.json`, beside.replace('"records"', '"lines"'))
    expect((await failureOf(read(path))).code).toBe('ERR_MANIFEST_INVALID')
  })

  it('is not there', async () => {
    const path = join(directory(), 'no-such')
    expect(await failureOf(read(path))).toMatchObject({ code: 'ERR_SOURCE_NOT_FOUND' })
  })
})

describe('a file that cannot be written', () => {
  it('is told before anything is begun', async () => {
    const path = join(directory(), 'no', 'such', 'm.ndjson')
    const opening = ManifestFile.open(path, SUBJECT, never)
    expect(await failureOf(opening)).toMatchObject({ code: 'ERR_TARGET_UNWRITABLE' })
  })
})

it.skipIf(!existsSync('/dev/full'))('ends who writes when the disk is full', async () => {
  const path = join(directory(), 'full.ndjson')
  symlinkSync('/dev/full', `${path}.part`)
  const file = await ManifestFile.open(path, SUBJECT, never)
  const fill = async (): Promise<void> => {
    for (;;) await file.outcome(done('x'.repeat(500)))
  }
  expect(await failureOf(fill())).toMatchObject({ code: 'ERR_DISK_FULL' })
  expect(await failureOf(file.close(true))).toMatchObject({ code: 'ERR_DISK_FULL' })
  expect(await readdir(directory())).toEqual([])
})

it('waits for the disk, and loses nothing', async () => {
  const path = join(directory(), 'long.ndjson.gz')
  const file = await ManifestFile.open(path, SUBJECT, never)
  let waited = 0
  for (let index = 0; index < 20_000; index += 1) {
    const full = file.outcome(done(`directory/file-${index}`))
    if (full === undefined) continue
    waited += 1
    await full
  }
  await file.close(true)
  expect(waited).toBeGreaterThan(0)
  expect(gunzipSync(readFileSync(path)).toString().trimEnd().split('\n')).toHaveLength(20_002)
})
