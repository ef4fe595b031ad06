/** Buckets. */

import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { conformanceCase, expectRefused, type ConformanceCase } from './case.ts'

export const BUCKET_CASES: readonly ConformanceCase[] = [
  conformanceCase('bucket.create', async ({ client, bucket }) => {
    const name = `${bucket}-made`
    await client.send(new CreateBucketCommand({ Bucket: name }))
    await client.send(new HeadBucketCommand({ Bucket: name }))
    await client.send(new DeleteBucketCommand({ Bucket: name }))
    await expectRefused(client.send(new HeadBucketCommand({ Bucket: name })), 404)
  }),
  conformanceCase('bucket.head-list', async ({ client, bucket }) => {
    const { Buckets } = await client.send(new ListBucketsCommand({}))
    expect(Buckets?.map(({ Name }) => Name)).toContain(bucket)
    await client.send(new HeadBucketCommand({ Bucket: bucket }))
  }),
  conformanceCase('bucket.404', async ({ client, bucket }) => {
    const Bucket = `${bucket}-missing`
    await expectRefused(client.send(new ListObjectsV2Command({ Bucket })), 'NoSuchBucket')
    const put = new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' })
    await expectRefused(client.send(put), 'NoSuchBucket')
  }),
  conformanceCase('bucket.delete-not-empty', async ({ client, bucket, key }) => {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key(), Body: 'x' }))
    await expectRefused(client.send(new DeleteBucketCommand({ Bucket: bucket })), 'BucketNotEmpty')
  }),
  conformanceCase('bucket.bad-name', async ({ raw }) => {
    const answer = await raw.send({ method: 'PUT', bucket: 'Not_A_Bucket' })
    expect([answer.status, answer.code]).toEqual([400, 'InvalidBucketName'])
  }),
  conformanceCase('bucket.location', async ({ client, bucket, target }) => {
    const { LocationConstraint } = await client.send(
      new GetBucketLocationCommand({ Bucket: bucket }),
    )
    expect(LocationConstraint || 'us-east-1').toBe(target.region)
  }),
]
