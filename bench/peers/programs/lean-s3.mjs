/** Objects by lean-s3; large uploads with its multipart calls and a loop written by hand. */

import { createWriteStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { S3Client } from 'lean-s3'
import { consume, forEach, itemsOf, job, makeDirectories } from './job.mjs'

const { endpoint, region, bucket, credentials, size, settings, count } = job
const { partSize, concurrency } = settings ?? { partSize: 8 * 1024 * 1024, concurrency: 16 }
const client = new S3Client({ endpoint, region, bucket, ...credentials })

async function uploadParts({ key, path }) {
  const { uploadId } = await client.createMultipartUpload(key)
  const parts = []
  const numbers = Array.from({ length: Math.ceil(size / partSize) }, (_, index) => index + 1)
  const file = await open(path)
  // With many objects under way, each sends one part after the other.
  await forEach(numbers, count === 1 ? concurrency : 1, async (partNumber) => {
    const position = (partNumber - 1) * partSize
    const bytes = Buffer.allocUnsafe(Math.min(partSize, size - position))
    await file.read(bytes, 0, bytes.length, position)
    parts[partNumber - 1] = await client.uploadPart(key, uploadId, bytes, partNumber)
  })
  await file.close()
  await client.completeMultipartUpload(key, uploadId, parts)
}

const WORK = {
  upload: async ({ key, path }) => {
    if (size > partSize) await uploadParts({ key, path })
    else await client.file(key).write(await readFile(path))
  },
  download: async ({ key, path }) => {
    const body = Readable.fromWeb(client.file(key).stream())
    await pipeline(body, createWriteStream(path, { flush: true }))
  },
  read: ({ key }) => consume(client.file(key).stream(), key),
}

const items = await itemsOf(job)
if (job.operation === 'download') await makeDirectories(items)
await forEach(items, concurrency, WORK[job.operation])
