/** Objects by s3mini: one, or many with a loop written by hand. */

import { createWriteStream, openAsBlob } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { S3mini } from 's3mini'
import { consume, forEach, itemsOf, job, makeDirectories } from './job.mjs'

const { endpoint, region, bucket, credentials, size, settings } = job
const client = new S3mini({
  endpoint: `${endpoint}/${bucket}`,
  region,
  ...credentials,
  ...(settings && { minPartSize: settings.partSize }),
})

async function body(key) {
  const response = await client.getObjectResponse(key)
  if (response === null) throw new Error(`There is no ${key}`)
  return response.body
}

const WORK = {
  upload: async ({ key, path }) => {
    const data = size > client.minPartSize ? await openAsBlob(path) : await readFile(path)
    await client.putAnyObject(key, data)
  },
  download: async ({ key, path }) => {
    await pipeline(Readable.fromWeb(await body(key)), createWriteStream(path, { flush: true }))
  },
  read: async ({ key }) => consume(await body(key), key),
}

const items = await itemsOf(job)
if (job.operation === 'download') await makeDirectories(items)
await forEach(items, settings?.concurrency ?? 16, WORK[job.operation])
