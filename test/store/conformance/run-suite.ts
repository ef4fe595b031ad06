/** Runs every case on one store and compares the outcome with the table of deviations. */

import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeContext, type CaseContext, type ConformanceCase, type Target } from './case.ts'
import { CONFORMANCE_CASES } from './cases.ts'
import { EXPECTED_DEVIATIONS, TABLE_TEST } from './expected-deviations.ts'

/** A store to run on, and how to end it. */
export interface StartedTarget {
  readonly target: Target
  stop(): Promise<void>
}

const CASE_TIMEOUT_MS = 120_000

/** Declares one test for each case. */
export function runSuite(
  label: string,
  start: () => Promise<StartedTarget>,
  cases: readonly ConformanceCase[] = CONFORMANCE_CASES,
): void {
  const deviations = EXPECTED_DEVIATIONS[label] ?? {}
  let started: StartedTarget
  let made: ReturnType<typeof makeContext>

  beforeAll(async () => {
    started = await start()
    made = makeContext(started.target)
    const { client, bucket, otherBucket } = made.context
    for (const Bucket of [bucket, otherBucket])
      await client.send(new CreateBucketCommand({ Bucket }))
  }, CASE_TIMEOUT_MS)

  afterAll(async () => {
    await removeBuckets(made.context)
    made.end()
    await started.stop()
  }, CASE_TIMEOUT_MS)

  test(TABLE_TEST, () => {
    const ids = cases.map(({ id }) => id)
    expect(Object.keys(deviations).filter((id) => !ids.includes(id))).toEqual([])
  })

  for (const { id, run } of cases) {
    const reason = deviations[id]
    const title = reason === undefined ? id : `${id} deviates: ${reason}`
    test(
      title,
      async () => {
        if (reason === undefined) {
          await run(made.context)
          return
        }
        const outcome = await run(made.context).then(
          () => 'passed',
          () => 'failed',
        )
        expect(outcome, `${id} no longer deviates; take it out of the table`).toBe('failed')
      },
      CASE_TIMEOUT_MS,
    )
  }
}

/** Leaves nothing behind on a store that is not ours. */
async function removeBuckets({ client, bucket, otherBucket }: CaseContext): Promise<void> {
  for (const Bucket of [bucket, otherBucket]) {
    await abortUploads(client, Bucket)
    await removeVersions(client, Bucket)
    let page = await client.send(new ListObjectsV2Command({ Bucket }))
    while ((page.Contents ?? []).length > 0) {
      for (const { Key } of page.Contents ?? []) {
        await client.send(new DeleteObjectCommand({ Bucket, Key }))
      }
      page = await client.send(new ListObjectsV2Command({ Bucket }))
    }
    await client.send(new DeleteBucketCommand({ Bucket }))
  }
}

async function abortUploads(client: S3Client, Bucket: string): Promise<void> {
  const list = client.send(new ListMultipartUploadsCommand({ Bucket }))
  // A store without this list is left with its uploads; it has no way to name them.
  const { Uploads } = await list.catch(() => ({ Uploads: [] }))
  for (const { Key, UploadId } of Uploads ?? []) {
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
  }
}

async function removeVersions(client: S3Client, Bucket: string): Promise<void> {
  const list = client.send(new ListObjectVersionsCommand({ Bucket }))
  const { Versions, DeleteMarkers } = await list.catch(() => ({ Versions: [], DeleteMarkers: [] }))
  for (const { Key, VersionId } of [...(Versions ?? []), ...(DeleteMarkers ?? [])]) {
    await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
  }
}
