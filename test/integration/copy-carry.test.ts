/** What copies take over on demand. */

import {
  CreateBucketCommand,
  GetObjectAclCommand,
  HeadObjectCommand,
  PutBucketOwnershipControlsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { Outcome } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedKeys } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const FROM = `s3://${BUCKET}/from`
const TO = `s3://${BUCKET}/to`
const SMALL = testBytes(100_000, 1)
const LARGE = testBytes(17 * MiB, 2)
const WAYS = ['server', 'relay'] as const
const CLASS = { carry: ['storageClass'] } as const

const bed = sharedBed()
afterEach(() => bed().store.reset())

/** Class of an object; `undefined` is the default. */
async function classOf(Key: string): Promise<string | undefined> {
  const { StorageClass } = await bed().sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key }))
  return StorageClass
}

describe.each(WAYS)('a copy by %s takes over the storage class', (via) => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a small object', SMALL],
    ['an object in parts', LARGE],
  ])('of %s', async (_, bytes) => {
    const { engine } = bed()
    await engine.upload(bytes, FROM, { storageClass: 'STANDARD_IA', metadata: { a: '1' } })
    const copy = await engine.copy(FROM, TO, { via, ...CLASS })
    expect(copy).toMatchObject({ how: via, size: bytes.length, verified: 'checksum' })
    expect(await classOf('to')).toBe('STANDARD_IA')
    const object = { Bucket: BUCKET, Key: 'to' }
    const { Metadata } = await bed().sdk.send(new HeadObjectCommand(object))
    expect(Metadata?.['a']).toBe('1')
  })

  test('only where that is asked for, and nothing else is said', async () => {
    const { engine } = bed()
    await engine.upload(SMALL, FROM, { storageClass: 'STANDARD_IA' })
    await engine.copy(FROM, TO, { via })
    expect(await classOf('to')).toBeUndefined()
    await engine.copy(FROM, TO, { via, ...CLASS, storageClass: 'GLACIER_IR' })
    expect(await classOf('to')).toBe('GLACIER_IR')
  })

  test('and says of a class the destination refuses what to do, once', async () => {
    const { engine, store } = bed()
    await engine.upload(SMALL, FROM, { storageClass: 'STANDARD_IA' })
    const operation = via === 'server' ? 'CopyObject' : 'PutObject'
    const refusal = { kind: 'answer', status: 400, code: 'InvalidStorageClass' } as const
    store.faults.add({ match: { operation, key: 'to' }, fault: refusal })
    store.requests.clear()
    const error = await failureOf(
      engine.copy(FROM, TO, via === 'server' ? CLASS : { via, ...CLASS }),
    )
    expect(error.code).toBe('ERR_REQUEST_REFUSED')
    expect(error.message).toMatch(/STANDARD_IA cannot be carried, .*refused it: say `storageClass`/)
    const writes = store.requests.entries().filter(({ method }) => method === 'PUT')
    expect(writes.map(({ operation: name }) => name)).toEqual([operation])
    expect(storedKeys(store)).toEqual(['from'])
  })

  test('but not of what is archived: it says to restore it', async () => {
    const { engine, sdk, store } = bed()
    const object = { Bucket: BUCKET, Key: 'from', Body: SMALL }
    for (const StorageClass of ['GLACIER', 'DEEP_ARCHIVE'] as const) {
      await sdk.send(new PutObjectCommand({ ...object, StorageClass }))
      for (const wish of [{}, CLASS]) {
        const error = await failureOf(engine.copy(FROM, TO, { via, ...wish }))
        expect(error.code).toBe('ERR_OBJECT_UNREADABLE')
        expect(error.message).toContain(`The source is archived (${StorageClass}): restore it`)
      }
    }
    expect(storedKeys(store)).toEqual(['from'])
  })
})

/** Who may do what with an object, the owner called so. */
async function grantsOf(Key: string): Promise<readonly string[]> {
  const acl = await bed().sdk.send(new GetObjectAclCommand({ Bucket: BUCKET, Key }))
  return (acl.Grants ?? []).map(({ Grantee, Permission }) => {
    const { ID, URI = '' } = Grantee ?? {}
    const who = ID === undefined ? URI.replace(/.*\//, '') : ID === acl.Owner?.ID ? 'owner' : ID
    return `${who} ${Permission}`
  })
}

const SOMEBODY = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const ACL = { carry: ['acl'] } as const
const DISABLED = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] }

describe.each(WAYS)('a copy by %s takes over the ACL', (via) => {
  const put = (said: Partial<PutObjectCommandInput>) =>
    bed().sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'from', Body: SMALL, ...said }))

  test.each([
    [{ ACL: 'public-read' }],
    [{ ACL: 'public-read-write' }],
    [{ ACL: 'authenticated-read' }],
    [{ GrantFullControl: `id="${SOMEBODY}", id="${OTHER}"`, GrantReadACP: `id="${OTHER}"` }],
  ] as const)('%j', async (said) => {
    const { engine } = bed()
    await put(said)
    const copy = await engine.copy(FROM, TO, { via, ...ACL })
    expect(copy).toMatchObject({ how: via, grantsLost: 0 })
    // WRITE is said of objects, and means nothing there.
    const meant = (await grantsOf('from')).filter((grant) => !grant.endsWith(' WRITE'))
    expect(await grantsOf('to')).toEqual(meant)
  })

  test('of an object in parts, together with its class', async () => {
    const { engine } = bed()
    const said = { acl: 'public-read', storageClass: 'STANDARD_IA' }
    await engine.upload(LARGE, FROM, said)
    const copy = await engine.copy(FROM, TO, { via, carry: ['acl', 'storageClass'] })
    expect(copy).toMatchObject({ how: via, verified: 'checksum' })
    expect(await grantsOf('to')).toEqual(['owner FULL_CONTROL', 'AllUsers READ'])
    expect(await classOf('to')).toBe('STANDARD_IA')
  })

  test('and says nothing where it is the owner’s alone, or the caller says it', async () => {
    const { engine, store, sdk } = bed()
    await put({})
    const enforce = { Bucket: BUCKET, OwnershipControls: DISABLED }
    await sdk.send(new PutBucketOwnershipControlsCommand(enforce))
    await engine.copy(FROM, TO, { via, ...ACL })
    store.requests.clear()
    await engine.copy(FROM, TO, { via, ...ACL, acl: 'bucket-owner-full-control' })
    expect(store.requests.entries({ operation: 'GetObjectAcl' })).toEqual([])
    await engine.copy(FROM, TO, { via })
    expect(store.requests.entries({ operation: 'GetObjectAcl' })).toEqual([])
  })

  test('or fails where there are none, and where it may not', async () => {
    const { engine, store, sdk } = bed()
    await put({ ACL: 'public-read' })
    const operation = via === 'server' ? 'CopyObject' : 'PutObject'
    const fault = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    store.faults.add({ match: { operation, key: 'to' }, fault, times: 1 })
    const denied = await failureOf(engine.copy(FROM, TO, { via, ...ACL }))
    expect(denied.code).toBe('ERR_ACCESS_DENIED')
    expect(denied.message).toMatch(/AccessDenied.* which takes s3:PutObjectAcl/)
    const elsewhere = 'disabled'
    await sdk.send(new CreateBucketCommand({ Bucket: elsewhere }))
    const enforce = { Bucket: elsewhere, OwnershipControls: DISABLED }
    await sdk.send(new PutBucketOwnershipControlsCommand(enforce))
    store.requests.clear()
    const to = `s3://${elsewhere}/to`
    const error = await failureOf(engine.copy(FROM, to, via === 'server' ? ACL : { via, ...ACL }))
    expect(error.code).toBe('ERR_REQUEST_REFUSED')
    expect(error.message).toContain('ACLs disabled (BucketOwnerEnforced): say `acl` of the copy')
    const writes = store.requests.entries().filter(({ method }) => method === 'PUT')
    expect(writes.map(({ operation: name }) => name)).toEqual([operation])
    const minio = bed().another({ provider: 'minio' })
    const none = await failureOf(minio.copy(FROM, TO, { via, ...ACL }))
    expect(none.message).toContain('cannot be carried, MinIO keeps none of objects')
  })
})

describe('taking over', () => {
  test('knows of some stores that they have no such class, and asks them nothing', async () => {
    const { engine, store, another } = bed()
    await engine.upload(SMALL, FROM, { storageClass: 'STANDARD_IA' })
    store.requests.clear()
    const error = await failureOf(another({ provider: 'minio' }).copy(FROM, TO, CLASS))
    expect(error.code).toBe('ERR_REQUEST_REFUSED')
    expect(error.message).toContain('MinIO has no such class')
    expect(store.requests.entries().map(({ method }) => method)).not.toContain('PUT')
  })

  test('does not make a copy onto itself a change', async () => {
    const { engine } = bed()
    await engine.upload(SMALL, FROM, { storageClass: 'STANDARD_IA' })
    const error = await failureOf(engine.copy(FROM, FROM, CLASS))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })

  test.each([
    ['copyPrefix', {}],
    ['sync', {}],
    ['sync', { via: 'relay' }],
  ] as const)('holds for each object of `%s` %o', async (call, how) => {
    const { engine, another } = bed()
    await engine.upload(SMALL, `s3://${BUCKET}/a/1`, { storageClass: 'STANDARD_IA' })
    await engine.upload(SMALL, `s3://${BUCKET}/a/2`)
    const outcomes: Outcome[] = []
    const onOutcome = (outcome: Outcome): unknown => outcomes.push(outcome)
    const from = [`s3://${BUCKET}/a`, `s3://${BUCKET}/b`] as const
    await another({})[call](...from, { ...how, ...CLASS, onOutcome })
    expect(outcomes.map(({ status }) => status)).toEqual(['done', 'done'])
    expect(await classOf('b/1')).toBe('STANDARD_IA')
    expect(await classOf('b/2')).toBeUndefined()
  })

  test('is an option of copies alone', async () => {
    const { engine, dir } = bed()
    const upload = await failureOf(engine.sync(dir, TO, CLASS))
    expect(upload.code).toBe('ERR_OPTION_UNKNOWN')
    const unknown = { carry: ['owner'] } as unknown as typeof CLASS
    const error = await failureOf(engine.copy(FROM, TO, unknown))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'carry' } })
  })
})
