/** Objects by MinIO's client: one, or many with a loop written by hand. */

import { Client } from 'minio'
import { forEach, itemsOf, job, makeDirectories } from './job.mjs'

const { region, bucket, credentials, size, settings } = job
const { protocol, hostname, port } = new URL(job.endpoint)
const useSSL = protocol === 'https:'
const client = new Client({
  endPoint: hostname,
  port: Number(port) || (useSSL ? 443 : 80),
  useSSL,
  accessKey: credentials.accessKeyId,
  secretKey: credentials.secretAccessKey,
  region,
  pathStyle: true,
  ...(settings && { partSize: settings.partSize }),
})

const WORK = {
  upload: ({ key, path }) => client.fPutObject(bucket, key, path),
  download: ({ key, path }) => client.fGetObject(bucket, key, path),
  read: async ({ key }) => {
    let read = 0
    for await (const chunk of await client.getObject(bucket, key)) read += chunk.length
    if (read !== size) throw new Error(`Read ${read} bytes of ${size}`)
  },
}

const items = await itemsOf(job)
if (job.operation === 'download') await makeDirectories(items)
await forEach(items, settings?.concurrency ?? 16, WORK[job.operation])
