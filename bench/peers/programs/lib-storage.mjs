/** Uploads by lib-storage: one in parts, or many with a loop written by hand. */

import { createReadStream } from 'node:fs'
import { Upload } from '@aws-sdk/lib-storage'
import { forEach, itemsOf, job, objectsInFlight } from './job.mjs'
import { sdkClient } from './sdk.mjs'

const { bucket, settings, count } = job
// With many objects under way, each sends one part after the other.
const queueSize = count === 1 ? settings?.concurrency : 1
const client = sdkClient(job)

async function upload({ key, path }) {
  const transfer = new Upload({
    client,
    params: { Bucket: bucket, Key: key, Body: createReadStream(path) },
    ...(settings && { partSize: settings.partSize, queueSize }),
  })
  await transfer.done()
}

await forEach(await itemsOf(job), objectsInFlight, upload)
client.destroy()
