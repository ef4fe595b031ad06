/** Plain commands of the SDK: one, or many with a loop written by hand. */

import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { consume, forEach, itemsOf, job, makeDirectories, objectsInFlight } from './job.mjs'
import { sdkClient } from './sdk.mjs'

const { bucket, count } = job
const client = sdkClient(job)

async function body(key) {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Body
}

const WORK = {
  upload: async ({ key, path }) => {
    const input = { Bucket: bucket, Key: key, Body: await readFile(path) }
    await client.send(new PutObjectCommand(input))
  },
  download: async ({ key, path }) => {
    await pipeline(await body(key), createWriteStream(path, { flush: count === 1 }))
  },
  read: async ({ key }) => consume(await body(key), key),
}

const items = await itemsOf(job)
if (job.operation === 'download') await makeDirectories(items)
await forEach(items, objectsInFlight, WORK[job.operation])
client.destroy()
