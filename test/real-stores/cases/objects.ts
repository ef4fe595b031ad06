/** Single objects: up, down, read, proved, described, refused, aborted. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { GetObjectTaggingCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { KiB, MiB } from 'transfer-engine'
import { testBytes } from '../../helpers/test-bytes.ts'
import {
  assertBytes,
  assertFile,
  codeOf,
  engineCase,
  openUploads,
  type CaseContext,
  type EngineCase,
} from './case.ts'

/** Not a whole number of parts. Bytes. */
const LARGE = 33 * MiB + 7

async function roundTrip(context: CaseContext, size: number): Promise<void> {
  const { root, dir, engine, file } = context
  const bytes = testBytes(size)
  const transfers = engine()
  const sent = await transfers.upload(await file('source', bytes), `${root}object`)
  assert.equal(sent.size, size)
  await transfers.download(`${root}object`, join(dir, 'copy'))
  await assertFile(join(dir, 'copy'), bytes)
  const read: Buffer[] = []
  for await (const chunk of transfers.read(`${root}object`)) read.push(Buffer.from(chunk))
  assertBytes(Buffer.concat(read), bytes, 'what was read')
}

async function proved({ root, dir, engine, file }: CaseContext, size: number): Promise<void> {
  const transfers = engine()
  const sent = await transfers.upload(await file('source', testBytes(size)), `${root}object`)
  const got = await transfers.download(`${root}object`, join(dir, 'copy'))
  assert.deepEqual([sent.verified, got.verified], ['checksum', 'checksum'])
}

export const OBJECT_CASES: readonly EngineCase[] = [
  engineCase('object.empty', (context) => roundTrip(context, 0)),
  engineCase('object.small', (context) => roundTrip(context, 100 * KiB)),
  engineCase('object.large', (context) => roundTrip(context, LARGE)),
  engineCase('object.stream', async ({ root, dir, engine }) => {
    const bytes = testBytes(12 * MiB)
    const pieces = [bytes.subarray(0, MiB), bytes.subarray(MiB)]
    await engine().upload(Readable.from(pieces), `${root}object`)
    await engine().download(`${root}object`, join(dir, 'copy'))
    await assertFile(join(dir, 'copy'), bytes)
  }),
  engineCase('proof.small', (context) => proved(context, 100 * KiB)),
  engineCase('proof.large', (context) => proved(context, LARGE)),
  engineCase('attributes', async ({ root, bucket, prefix, engine, sdk }) => {
    const metadata = { one: '1', 'two-words': 'a b' }
    const headers = { contentType: 'text/csv', cacheControl: 'max-age=60', contentLanguage: 'en' }
    for (const [name, size] of [['small', 9] as const, ['large', 11 * MiB] as const]) {
      await engine().upload(testBytes(size), `${root}${name}`, { ...headers, metadata })
      const head = new HeadObjectCommand({ Bucket: bucket, Key: `${prefix}${name}` })
      const { ContentType, CacheControl, ContentLanguage, Metadata } = await sdk.send(head)
      assert.deepEqual([ContentType, CacheControl, ContentLanguage], Object.values(headers))
      assert.deepEqual({ ...Metadata, ...metadata }, Metadata)
    }
  }),
  engineCase('attributes.folder', async ({ bucket, prefix, engine, sdk }) => {
    const key = `${prefix}folder/`
    await engine().upload(Buffer.alloc(0), { bucket, key }, { metadata: { one: '1' } })
    const { Metadata } = await sdk.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
    assert.equal(Metadata?.['one'], '1')
  }),
  engineCase('tags', async ({ root, bucket, prefix, engine, sdk }) => {
    for (const [name, size] of [['small', 9] as const, ['large', 11 * MiB] as const]) {
      await engine().upload(testBytes(size), `${root}${name}`, { tags: { a: 'x y' } })
      const get = new GetObjectTaggingCommand({ Bucket: bucket, Key: `${prefix}${name}` })
      assert.deepEqual((await sdk.send(get)).TagSet, [{ Key: 'a', Value: 'x y' }])
    }
  }),
  engineCase('condition.if-none-match', async ({ root, engine }) => {
    for (const [name, size] of [['small', 9] as const, ['large', 11 * MiB] as const]) {
      await engine().upload(testBytes(size), `${root}${name}`, { ifNoneMatch: '*' })
      const again = engine().upload(testBytes(size, 2), `${root}${name}`, { ifNoneMatch: '*' })
      assert.equal(await codeOf(again), 'ERR_PRECONDITION_FAILED')
    }
  }),
  engineCase('refused.missing', async ({ root, dir, engine }) => {
    const missing = engine().download(`${root}missing`, join(dir, 'copy'))
    assert.equal(await codeOf(missing), 'ERR_OBJECT_NOT_FOUND')
    const nowhere = engine().upload(Buffer.from('x'), 's3://no-such-bucket-here/key')
    assert.equal(await codeOf(nowhere), 'ERR_BUCKET_NOT_FOUND')
  }),
  engineCase('refused.keys', async ({ root, address, engine }) => {
    const credentials = { ...address.credentials, secretAccessKey: 'wrong'.repeat(8) }
    const code = await codeOf(engine({ credentials }).upload(Buffer.from('x'), `${root}object`))
    assert.ok(['ERR_CREDENTIALS', 'ERR_ACCESS_DENIED'].includes(String(code)), String(code))
  }),
  engineCase('abort', async ({ root, bucket, prefix, engine, file, sdk }) => {
    const transfers = engine({ maxBandwidth: 16 * MiB })
    const transfer = transfers.upload(await file('source', testBytes(LARGE)), `${root}object`)
    const part = new Promise((resolve) => transfers.on('part', resolve))
    await Promise.race([part, transfer])
    await transfer.abort()
    assert.equal(await codeOf(transfer), 'ERR_ABORTED')
    assert.deepEqual(await openUploads(sdk, bucket, prefix), [])
  }),
]
