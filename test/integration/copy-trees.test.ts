/** Whole prefixes from store to store: everything, what differs, and what must not be. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TransferError, type DoneOutcome, type Outcome } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { failureOf, until } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys, type Bed } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const OLD = 'old-bucket'
const FROM = `s3://${OLD}/a/`
const TO = `s3://${BUCKET}/b`

/** Names that have been trouble somewhere. */
const HOSTILE = [
  'plain',
  'x/y/z',
  'x//y',
  'a b+c',
  'ü/é',
  '😀',
  '../up',
  './here',
  'new\nline',
  '<&>"',
  'f/',
]

const bed = sharedBed()
let other: LocalStore
beforeAll(async () => {
  other = await startLocalStore({ buckets: [OLD], region: 'eu-test-1' })
})
afterAll(() => other.close())
afterEach(() => {
  bed().store.reset()
  other.reset()
})

function between({ another }: Bed) {
  const { endpoint, region, credentials } = other
  return another({ source: { endpoint, region, credentials } })
}

async function fill(names: readonly string[], size = 100): Promise<void> {
  const { endpoint, region, credentials } = other
  const engine = bed().another({ endpoint, region, credentials })
  for (const [index, name] of names.entries()) {
    const object = { bucket: OLD, key: `a/${name}` }
    await engine.upload(testBytes(size + index, index), object, { metadata: { n: String(index) } })
  }
}

const done = (outcomes: readonly Outcome[]) => outcomes.filter(isDone)
const isDone = (outcome: Outcome): outcome is DoneOutcome => outcome.status === 'done'

describe('`copyPrefix`', () => {
  test('copies all objects with hostile keys, markers of folders and large ones', async () => {
    const { store } = bed()
    await fill(HOSTILE)
    const large = testBytes(17 * MiB, 99)
    const { endpoint, region, credentials } = other
    await bed().another({ endpoint, region, credentials }).upload(large, `${FROM}large`)
    await bed().another({ endpoint, region, credentials }).upload(Buffer.alloc(0), {
      bucket: OLD,
      key: 'a/folder/',
    })
    const outcomes: Outcome[] = []
    const onOutcome = (outcome: Outcome) => outcomes.push(outcome)
    const result = await between(bed()).copyPrefix(FROM, TO, { onOutcome })
    expect(result).toMatchObject({ copied: HOSTILE.length + 2, failed: 0, skipped: 0 })
    for (const [index, name] of HOSTILE.entries()) {
      expect(storedBytes(store, `b/${name}`).equals(testBytes(100 + index, index))).toBe(true)
    }
    expect(storedBytes(store, 'b/large').equals(large)).toBe(true)
    expect(storedBytes(store, 'b/folder/')).toHaveLength(0)
    const found = done(outcomes).find(({ name }) => name === 'plain')
    expect(found).toMatchObject({
      operation: 'copy',
      key: 'b/plain',
      sourceKey: 'a/plain',
      how: 'relay',
      verified: 'checksum',
    })
  })

  test('renames, and leaves out what a filter does not want', async () => {
    const { store } = bed()
    await fill(['one.txt', 'two.log', 'dir/three.txt'])
    await between(bed()).copyPrefix(FROM, TO, {
      filter: ({ name }) => name.endsWith('.txt'),
      rename: (name) => `new-${name.replaceAll('/', '-')}`,
    })
    expect(storedKeys(store)).toEqual(['b/new-dir-three.txt', 'b/new-one.txt'])
  })

  test('tells of one that fails, and does the others', async () => {
    await fill(['a', 'b', 'c'])
    const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    other.faults.add({ match: { operation: 'GetObject', key: 'a/b' }, fault: denied })
    const result = await between(bed()).copyPrefix(FROM, TO)
    expect(result).toMatchObject({ copied: 2, failed: 1 })
    expect(result.failures[0]).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      context: { bucket: OLD, key: 'a/b' },
    })
  })

  test.each([
    [`s3://${BUCKET}/x`, `s3://${BUCKET}/x`],
    [`s3://${BUCKET}/x`, `s3://${BUCKET}/x/y`],
    [`s3://${BUCKET}/x/y`, `s3://${BUCKET}/x`],
    [`s3://${BUCKET}`, `s3://${BUCKET}/x`],
  ])('refuses sides that lie in one another: %s, %s', async (from, to) => {
    const error = await failureOf(bed().engine.copyPrefix(from, to))
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(await failureOf(bed().engine.sync(from, to, { delete: true }))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
    })
  })

  test('says in a dry run what it would take', async () => {
    await fill(['a', 'b'])
    const result = await between(bed()).copyPrefix(FROM, TO, { dryRun: true })
    expect(result.plan).toMatchObject({
      copies: 2,
      bytesCopied: 201,
      requests: { PUT: 2, GET: 2, HEAD: 0, LIST: 1, DELETE: 0 },
    })
    expect(storedKeys(bed().store)).toEqual([])
  })

  test('refuses what is about files', async () => {
    const options = { followSymlinks: true } as object
    const error = await failureOf(bed().engine.copyPrefix(FROM, TO, options))
    expect(error).toMatchObject({ code: 'ERR_OPTION_UNKNOWN' })
  })

  test('goes by names, and does again what failed', async () => {
    await fill(['a', 'b', 'c'])
    const result = await between(bed()).copyPrefix(FROM, TO, { filesFrom: ['a', 'c', 'missing'] })
    expect(result).toMatchObject({ copied: 2, failed: 1 })
    expect(storedKeys(bed().store)).toEqual(['b/a', 'b/c'])
  })
})

describe('`sync` between prefixes', () => {
  test('copies what is missing, newer or of another size, and nothing twice', async () => {
    const { store } = bed()
    await fill(['a', 'b', 'c'])
    const engine = between(bed())
    expect(await engine.sync(FROM, TO)).toMatchObject({ copied: 3, unchanged: 0 })
    expect(await engine.sync(FROM, TO)).toMatchObject({ copied: 0, unchanged: 3 })
    const { endpoint, region, credentials } = other
    await bed().another({ endpoint, region, credentials }).upload(testBytes(5, 9), `${FROM}b`)
    expect(await engine.sync(FROM, TO)).toMatchObject({ copied: 1, unchanged: 2 })
    expect(storedBytes(store, 'b/b').equals(testBytes(5, 9))).toBe(true)
  })

  test('removes with `delete` what only the destination has', async () => {
    const { store, engine } = bed()
    await fill(['a'])
    await engine.upload(testBytes(5, 1), `${TO}/extra`)
    const result = await between(bed()).sync(FROM, TO, { delete: true })
    expect(result).toMatchObject({ copied: 1, deleted: 1 })
    expect(storedKeys(store)).toEqual(['b/a'])
  })

  test('removes nothing where the source is empty', async () => {
    const { store, engine } = bed()
    await engine.upload(testBytes(5, 1), `${TO}/extra`)
    const error = await failureOf(between(bed()).sync(FROM, TO, { delete: true }))
    expect(error.code).toBe('ERR_DELETE_REFUSED')
    expect(storedKeys(store)).toEqual(['b/extra'])
  })

  test('compares contents with `checksum`', async () => {
    const { store, engine } = bed()
    await fill(['a', 'b'])
    const both = between(bed())
    await both.sync(FROM, TO)
    await engine.upload(testBytes(100, 77), `${TO}/a`)
    expect(await both.sync(FROM, TO)).toMatchObject({ copied: 0, unchanged: 2 })
    expect(await both.sync(FROM, TO, { checksum: true })).toMatchObject({ copied: 1, unchanged: 1 })
    expect(storedBytes(store, 'b/a').equals(testBytes(100, 0))).toBe(true)
  })

  test('finds what it renamed', async () => {
    await fill(['a', 'b'])
    const engine = between(bed())
    const rename = (name: string) => `${name}.copy`
    expect(await engine.sync(FROM, TO, { rename })).toMatchObject({ copied: 2 })
    expect(await engine.sync(FROM, TO, { rename })).toMatchObject({ copied: 0, unchanged: 2 })
    expect(storedKeys(bed().store)).toEqual(['b/a.copy', 'b/b.copy'])
    const error = await failureOf(engine.sync(FROM, TO, { rename, delete: true }))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'delete' } })
  })
})

test('ends what was complete before its process knew, and sends nothing again', async () => {
  const { store, stateDir } = bed()
  const large = testBytes(12 * MiB, 99)
  const { endpoint, region, credentials } = other
  await bed().another({ endpoint, region, credentials }).upload(large, `${FROM}large`)
  const source = { endpoint, region, credentials }
  const resuming = () => bed().another({ source, resume: 'always', multipartThreshold: 5 * MiB })
  const late = { kind: 'delay', ms: 60_000, at: 'after-operation' } as const
  store.faults.add({ match: { operation: 'CompleteMultipartUpload' }, fault: late })
  const cut = new AbortController()
  const first = resuming().sync(FROM, TO, { signal: cut.signal })
  await until(() => storedKeys(store).length === 1, 'the copy is there')
  cut.abort(new TransferError('ERR_PAUSED', 'It is gone on with.'))
  expect(await first).toMatchObject({ failed: 1, failures: [{ code: 'ERR_PAUSED' }] })
  const journals = async () => (await readdir(join(stateDir, 'journals'))).length
  expect(await journals()).toBe(1)
  store.faults.clear()
  store.requests.clear()
  const outcomes: Outcome[] = []
  const onOutcome = (outcome: Outcome) => outcomes.push(outcome)
  expect(await resuming().sync(FROM, TO, { onOutcome })).toMatchObject({ copied: 1, failed: 0 })
  expect(done(outcomes)).toMatchObject([{ reason: 'unfinished', resumed: true }])
  expect(store.requests.entries({ operation: 'UploadPart' })).toEqual([])
  expect(await journals()).toBe(0)
  expect(await resuming().sync(FROM, TO)).toMatchObject({ copied: 0, unchanged: 1 })
})
