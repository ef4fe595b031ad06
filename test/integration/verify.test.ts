/** A manifest held against what is there by now. */

import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { TransferEngine, VerifyOptions, VerifyResult } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, openBed, sharedBed, withBed, type Bed } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const TREE = `s3://${BUCKET}/tree/`
const BEFORE = new Date('2026-01-02T03:04:05.678Z')

const bed = sharedBed({ engine: { multipartThreshold: 8 * MiB } })
afterEach(() => bed().store.reset())

const FILES: Readonly<Record<string, Buffer>> = {
  'a/small': Buffer.from('small'),
  'a/other': Buffer.from('other'),
  empty: Buffer.alloc(0),
  parts: testBytes(11 * MiB, 1),
  rewritten: Buffer.from('rewritten'),
}

async function makeTree(path: string): Promise<string> {
  for (const [name, bytes] of Object.entries(FILES)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), bytes)
    await utimes(join(path, name), BEFORE, BEFORE)
  }
  return path
}

/** A tree that is up, and its manifest. */
async function uploaded({ engine, path }: Bed, name: string): Promise<[string, string]> {
  const root = await makeTree(path(name))
  const manifest = path(`${name}.ndjson`)
  await engine.uploadDirectory(root, TREE, { manifest })
  return [root, manifest]
}

/** What differs, as text, and the result. */
async function verify(
  engine: TransferEngine,
  manifest: string,
  side: string,
  options: VerifyOptions = {},
): Promise<VerifyResult & { readonly told: readonly string[] }> {
  const told: string[] = []
  const result = await engine.verify(manifest, side, {
    ...options,
    onResult: ({ status, name }) => {
      if (status !== 'ok') told.push(`${status} ${name}`)
    },
  })
  return { ...result, told: told.toSorted() }
}

describe('objects', () => {
  test('that are as they were agree by their checksums, with a HEAD each', async () => {
    const { engine, store } = bed()
    const [, manifest] = await uploaded(bed(), 'same')
    store.requests.clear()
    const result = await verify(engine, manifest, TREE)
    expect(result).toMatchObject({ agrees: true, told: [], records: 5, by: { checksum: 5 } })
    expect(result.bytes).toBe(11 * MiB + 19)
    expect(store.requests.entries().map(({ operation }) => operation)).toEqual(
      Array(5).fill('HeadObject'),
    )
    // A prefix is taken for a folder, with or without its slash.
    expect(await verify(engine, manifest, TREE.slice(0, -1))).toMatchObject({ agrees: true })
  })

  test('that are not are told, each for what it is', async () => {
    const { engine, sdk } = bed()
    const [, manifest] = await uploaded(bed(), 'tampered')
    const put = (name: string, Body: Buffer) =>
      sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key: `tree/${name}`, Body }))
    await sdk.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'tree/empty' }))
    await put('a/small', Buffer.from('SMALL'))
    await put('a/other', Buffer.from('longer'))
    await put('a/new', Buffer.from('new'))
    // The same bytes in other parts have another ETag.
    const partSize = 6 * MiB
    await engine.upload(FILES['parts'] as Buffer, `${TREE}parts`, { partSize })
    const expected = ['changed parts', 'checksum a/small', 'missing empty', 'size a/other']
    const found = await verify(engine, manifest, TREE)
    expect(found.told).toEqual(expected)
    expect(found).toMatchObject({
      agrees: false,
      counts: { ok: 1, changed: 1, checksum: 1, missing: 1, size: 1, extra: 0 },
    })
    const extra = await verify(engine, manifest, TREE, { extra: true })
    expect(extra.told).toEqual([...expected, 'extra a/new'].toSorted())
    expect(extra).toMatchObject({ records: 5, counts: { extra: 1 } })
    const deep = await verify(engine, manifest, TREE, { deep: true })
    expect(deep.told).toEqual(expected)
  })

  test('that were copied elsewhere agree whatever their ETags are', async () => {
    const { engine } = bed()
    const [root, manifest] = await uploaded(bed(), 'elsewhere')
    const other = `s3://${BUCKET}/other/place`
    await engine.uploadDirectory(root, other, { partSize: 6 * MiB })
    expect(await verify(engine, manifest, other)).toMatchObject({ agrees: true, told: [] })
  })

  test('that cannot be looked at are told with the reason', async () => {
    const { engine, store } = bed()
    const [, manifest] = await uploaded(bed(), 'denied')
    const fault = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    store.faults.add({ match: { operation: 'HeadObject', key: 'tree/empty' }, fault })
    const errors: unknown[] = []
    const result = await engine.verify(manifest, TREE, {
      onResult: ({ error }) => void (error && errors.push(error.code)),
    })
    expect(result).toMatchObject({ agrees: false, counts: { ok: 4, unreadable: 1 } })
    expect(errors).toEqual(['ERR_ACCESS_DENIED'])
  })
})

describe('a deep look', () => {
  test.each(['CRC32', 'SHA256'] as const)('reads all bytes of %s', async (algorithm) => {
    const { engine, store, path } = bed()
    const root = await makeTree(path(`deep-${algorithm}`))
    const manifest = path(`deep-${algorithm}.csv`)
    // A SHA-256 of parts is one of their hashes, and is proved part by part.
    const checksumAlgorithm = algorithm
    await engine.uploadDirectory(root, TREE, { manifest, checksumAlgorithm })
    const before = await verify(engine, manifest, TREE, { deep: true })
    expect(before).toMatchObject({ agrees: true, by: { checksum: 5 } })
    store.faults.add({
      match: { operation: 'GetObject', key: 'tree/parts', rangeStart: 5 * MiB },
      fault: { kind: 'flip-response', offset: 1000 },
    })
    expect((await verify(engine, manifest, TREE)).told).toEqual([])
    const damaged = await verify(engine, manifest, TREE, { deep: true })
    expect(damaged.told).toEqual(['checksum parts'])
    expect(engine.stats().memory).toMatchObject({ taken: 0 })
  })

  test('finds a flipped byte where the store keeps no checksum', async () => {
    await withBed({ store: { dialect: 'minimal' } }, async (minimal) => {
      const [, manifest] = await uploaded(minimal, 'flipped')
      const { engine, store } = minimal
      const plain = await verify(engine, manifest, TREE)
      expect(plain).toMatchObject({ agrees: true, by: { checksum: 0, etag: 5 } })
      const deep = await verify(engine, manifest, TREE, { deep: true })
      expect(deep).toMatchObject({ agrees: true, by: { checksum: 5, etag: 0 } })
      store.faults.add({
        match: { operation: 'GetObject', key: 'tree/a/small' },
        fault: { kind: 'flip-response', offset: 2 },
      })
      expect((await verify(engine, manifest, TREE)).told).toEqual([])
      const damaged = await verify(engine, manifest, TREE, { deep: true })
      expect(damaged.told).toEqual(['checksum a/small'])
    })
  })

  test('says what was written anew without a checksum, and compares its bytes', async () => {
    await withBed({ store: { dialect: 'minimal' } }, async (minimal) => {
      const [root, manifest] = await uploaded(minimal, 'anew')
      const { engine, sdk } = minimal
      const Key = 'tree/a/small'
      await sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Buffer.from('SMALL') }))
      expect((await verify(engine, manifest, TREE)).told).toEqual(['changed a/small'])
      const deep = await verify(engine, manifest, TREE, { deep: true })
      expect(deep.told).toEqual(['checksum a/small'])
      const other = `s3://${BUCKET}/other`
      await engine.uploadDirectory(root, other, { partSize: 6 * MiB })
      // Elsewhere an ETag that differs says nothing, so only the size is left.
      const elsewhere = await verify(engine, manifest, other)
      expect(elsewhere).toMatchObject({ agrees: true, by: { etag: 0, size: 5 } })
    })
  })
})

describe('files', () => {
  test('are compared by size and time, or read', async () => {
    const { engine } = bed()
    const [root, manifest] = await uploaded(bed(), 'files')
    expect(await verify(engine, manifest, root)).toMatchObject({ agrees: true, by: { time: 5 } })
    const deep = await verify(engine, manifest, root, { deep: true })
    expect(deep).toMatchObject({ agrees: true, by: { checksum: 5 } })

    await rm(join(root, 'empty'))
    await writeFile(join(root, 'a/other'), 'longer')
    await writeFile(join(root, 'a/small'), 'SMALL')
    await utimes(join(root, 'a/small'), BEFORE, BEFORE)
    const now = new Date()
    await utimes(join(root, 'parts'), now, now)
    await rm(join(root, 'rewritten'))
    await mkdir(join(root, 'rewritten'))
    await writeFile(join(root, 'a/new'), 'new')
    const others = ['missing empty', 'size a/other', 'unreadable rewritten']
    expect((await verify(engine, manifest, root)).told).toEqual(['changed parts', ...others])
    const read = await verify(engine, manifest, root, { deep: true, extra: true })
    expect(read.told).toEqual(['checksum a/small', 'extra a/new', ...others])
  })

  test('of a manifest without checksums cannot be compared by their bytes', async () => {
    const { engine, path } = bed()
    const [root] = await uploaded(bed(), 'unknown')
    const manifest = path('unknown.csv')
    await engine.sync(root, TREE, { manifest })
    expect(await verify(engine, manifest, root)).toMatchObject({ agrees: true, by: { time: 5 } })
    const deep = await verify(engine, manifest, root, { deep: true })
    expect(deep).toMatchObject({ agrees: false, counts: { ok: 0, 'not-comparable': 5 } })
  })

  test('are never looked for outside the directory', async () => {
    const { engine, path } = bed()
    await engine.upload(Buffer.from('x'), `${TREE}a/../../outside`)
    const manifest = path('outside.ndjson')
    await engine.downloadDirectory(TREE, path('encoded'), { manifest, encodeNames: true })
    expect(await verify(engine, manifest, path('encoded'))).toMatchObject({ agrees: true })
    const spoilt = path('spoilt.ndjson')
    const { readFile } = await import('node:fs/promises')
    const text = await readFile(manifest, 'utf8')
    await writeFile(spoilt, text.replace(/,"file":"[^"]*"/u, ''))
    expect(await verify(engine, spoilt, TREE)).toMatchObject({ agrees: true })
    const error = await failureOf(verify(engine, spoilt, path('encoded')))
    expect(error).toMatchObject({ code: 'ERR_MANIFEST_INVALID' })
    expect(error.message).toMatch(/line 2: Its name "a\/\.\.\/\.\.\/outside" is no safe one/)
  })
})

describe('a verification', () => {
  test('ends when it is aborted, what hears of it throws, or the engine is closed', async () => {
    const own = await openBed()
    const { engine } = own
    const [, manifest] = await uploaded(own, 'ended')
    const cut = new AbortController()
    const { signal } = cut
    const aborted = engine.verify(manifest, TREE, { signal, onResult: () => cut.abort() })
    expect(await failureOf(aborted)).toMatchObject({ code: 'ERR_ABORTED' })
    const onResult = (): never => {
      throw new Error('enough')
    }
    const failed = await failureOf(engine.verify(manifest, TREE, { onResult }))
    expect(failed.message).toBe('enough')
    await engine.close()
    expect(await failureOf(engine.verify(manifest, TREE))).toMatchObject({ code: 'ERR_CLOSED' })
    await own.close()
  })

  test.each<[string, VerifyOptions, string]>([
    ['deeply', { deep: 'yes' as never }, 'ERR_OPTION_INVALID'],
    ['by an unknown option', { deeep: true } as never, 'ERR_OPTION_UNKNOWN'],
    ['with a signal that is none', { signal: 7 as never }, 'ERR_OPTION_INVALID'],
    ['with a listener that is none', { onResult: 7 as never }, 'ERR_OPTION_INVALID'],
  ])('is refused %s', async (_, options, code) => {
    const { engine } = bed()
    expect(await failureOf(engine.verify('m.ndjson', TREE, options))).toMatchObject({ code })
  })
})
