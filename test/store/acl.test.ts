import {
  CopyObjectCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketOwnershipControlsCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectAclCommand,
  PutBucketOwnershipControlsCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { Grant, ObjectOwnership, PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startLocalStore } from '../../src/testing.ts'
import type { LocalStore } from '../../src/testing.ts'
import { refusal, sdkClient } from '../helpers/sdk-client.ts'

const Bucket = 'test'
const object = { Bucket, Key: 'k' }
const ALL = 'http://acs.amazonaws.com/groups/global/AllUsers'
const SIGNED_IN = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'
const SOMEBODY = 'ab'.repeat(32)

let store: LocalStore
let client: S3Client

beforeAll(async () => {
  store = await startLocalStore({ buckets: [Bucket] })
  client = sdkClient(store)
})
beforeEach(() => store.reset())
afterAll(async () => {
  client.destroy()
  await store.close()
})

/** Grants of an object, the owner called so. */
async function grantsOf(Key = 'k'): Promise<readonly string[]> {
  const { Owner, Grants = [] } = await client.send(new GetObjectAclCommand({ Bucket, Key }))
  return Grants.map(({ Grantee, Permission }) => {
    const { ID, URI, Type } = Grantee ?? {}
    return `${Type} ${ID === Owner?.ID ? 'owner' : (ID ?? URI)} ${Permission}`
  })
}

const OWNERS = 'CanonicalUser owner FULL_CONTROL'

async function put(more: Partial<PutObjectCommandInput>): Promise<void> {
  await client.send(new PutObjectCommand({ ...object, Body: 'x', ...more }))
}

async function setOwnership(ownership: ObjectOwnership): Promise<void> {
  const OwnershipControls = { Rules: [{ ObjectOwnership: ownership }] }
  await client.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }))
}

describe('an ACL', () => {
  it.each([
    [undefined, []],
    ['private', []],
    ['bucket-owner-full-control', []],
    ['public-read', [`Group ${ALL} READ`]],
    ['public-read-write', [`Group ${ALL} READ`, `Group ${ALL} WRITE`]],
    ['authenticated-read', [`Group ${SIGNED_IN} READ`]],
  ] as const)('%s is the owner’s and %j', async (ACL, more) => {
    await put({ ACL })
    expect(await grantsOf()).toEqual([OWNERS, ...more])
  })

  it('of grant headers is these and no other', async () => {
    await put({ GrantRead: `id="${SOMEBODY}", uri=${ALL}`, GrantWriteACP: `id=${SOMEBODY}` })
    expect(await grantsOf()).toEqual([
      `CanonicalUser ${SOMEBODY} READ`,
      `Group ${ALL} READ`,
      `CanonicalUser ${SOMEBODY} WRITE_ACP`,
    ])
  })

  it('is of the object that is made, not of the source or the parts', async () => {
    await put({ ACL: 'public-read' })
    const CopySource = `${Bucket}/k`
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }))
    expect(await grantsOf('copy')).toEqual([OWNERS])
    const large = { Bucket, Key: 'large' }
    const create = new CreateMultipartUploadCommand({ ...large, ACL: 'authenticated-read' })
    const upload = { ...large, UploadId: (await client.send(create)).UploadId }
    const part = new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' })
    const { ETag } = await client.send(part)
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }))
    expect(await grantsOf('large')).toEqual([OWNERS, `Group ${SIGNED_IN} READ`])
  })

  it('is replaced by PutObjectAcl, with a document or headers', async () => {
    await put({})
    const { Owner } = await client.send(new GetObjectAclCommand(object))
    const Grants: Grant[] = [
      { Grantee: { Type: 'Group', URI: ALL }, Permission: 'READ_ACP' },
      { Grantee: { Type: 'CanonicalUser', ID: SOMEBODY }, Permission: 'FULL_CONTROL' },
    ]
    const AccessControlPolicy = { Owner, Grants }
    await client.send(new PutObjectAclCommand({ ...object, AccessControlPolicy }))
    const told = [`Group ${ALL} READ_ACP`, `CanonicalUser ${SOMEBODY} FULL_CONTROL`]
    expect(await grantsOf()).toEqual(told)
    await client.send(new PutObjectAclCommand({ ...object, ACL: 'private' }))
    expect(await grantsOf()).toEqual([OWNERS])
    const others = { Owner: { ID: SOMEBODY }, Grants }
    const foreign = new PutObjectAclCommand({ ...object, AccessControlPolicy: others })
    expect(await refusal(client.send(foreign))).toMatchObject({ name: 'AccessDenied' })
  })

  it.each([
    ['InvalidArgument', { ACL: 'public' as 'private' }],
    ['InvalidArgument', { GrantRead: 'id="short"' }],
    ['InvalidArgument', { GrantRead: 'uri="http://example.com/everybody"' }],
    ['InvalidArgument', { GrantRead: SOMEBODY }],
    ['UnresolvableGrantByEmailAddress', { GrantRead: 'emailAddress="a@example.com"' }],
    ['InvalidRequest', { ACL: 'private', GrantRead: `uri="${ALL}"` }],
  ] as const)('is refused with %s: %j', async (name, more) => {
    expect(await refusal(put(more))).toMatchObject({ name, status: 400 })
  })
})

describe('a bucket without ACLs', () => {
  it('says so, and takes none but the owner’s', async () => {
    const ask = () => client.send(new GetBucketOwnershipControlsCommand({ Bucket }))
    const missing = { name: 'OwnershipControlsNotFoundError', status: 404 }
    expect(await refusal(ask())).toMatchObject(missing)
    await put({ ACL: 'public-read' })
    await setOwnership('BucketOwnerEnforced')
    const { OwnershipControls } = await ask()
    expect(OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }])
    const refused = { name: 'AccessControlListNotSupported', status: 400 }
    expect(await refusal(put({ ACL: 'public-read' }))).toMatchObject(refused)
    expect(await refusal(put({ ACL: 'private' }))).toMatchObject(refused)
    expect(await refusal(put({ GrantRead: `id=${SOMEBODY}` }))).toMatchObject(refused)
    const change = new PutObjectAclCommand({ ...object, ACL: 'private' })
    expect(await refusal(client.send(change))).toMatchObject(refused)
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/k`, ACL: 'public-read' } as const
    expect(await refusal(client.send(new CopyObjectCommand(copy)))).toMatchObject(refused)
    const create = { Bucket, Key: 'large', ACL: 'public-read' } as const
    const upload = client.send(new CreateMultipartUploadCommand(create))
    expect(await refusal(upload)).toMatchObject(refused)
    await put({ ACL: 'bucket-owner-full-control' })
    await setOwnership('ObjectWriter')
    await put({ ACL: 'public-read' })
    await client.send(new DeleteBucketOwnershipControlsCommand({ Bucket }))
    expect(await refusal(ask())).toMatchObject(missing)
    const unknown = refusal(setOwnership('Nobody' as ObjectOwnership))
    expect(await unknown).toMatchObject({ name: 'MalformedXML' })
  })

  it('tells of its objects that they are the owner’s, whatever they had', async () => {
    await put({ ACL: 'public-read' })
    await setOwnership('BucketOwnerEnforced')
    expect(await grantsOf()).toEqual([OWNERS])
  })
})
