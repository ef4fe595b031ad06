import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startLocalStore } from '../../src/testing.ts'
import type { LocalStore } from '../../src/testing.ts'
import { refusal, sdkClient } from '../helpers/sdk-client.ts'

const Bucket = 'test'
let store: LocalStore
let client: S3Client

beforeAll(async () => {
  store = await startLocalStore({ buckets: [Bucket] })
  client = sdkClient(store)
})
afterAll(async () => {
  client.destroy()
  await store.close()
})

describe.each(['GLACIER', 'DEEP_ARCHIVE'] as const)('an object of class %s', (StorageClass) => {
  it('is told by HEAD, and neither read nor copied', async () => {
    const object = { Bucket, Key: StorageClass }
    await client.send(new PutObjectCommand({ ...object, Body: 'x', StorageClass }))
    expect((await client.send(new HeadObjectCommand(object))).StorageClass).toBe(StorageClass)
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/${StorageClass}` }
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'copy' }),
    )
    const part = { ...copy, UploadId, PartNumber: 1 }
    const refused = { name: 'InvalidObjectState', status: 403 }
    expect(await refusal(client.send(new GetObjectCommand(object)))).toMatchObject(refused)
    expect(await refusal(client.send(new CopyObjectCommand(copy)))).toMatchObject(refused)
    expect(await refusal(client.send(new UploadPartCopyCommand(part)))).toMatchObject(refused)
  })
})
