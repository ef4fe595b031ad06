/** Objects by MinIO's client: one, or many with a loop written by hand. */

import { Client } from 'minio'
import { consume, forEach, itemsOf, job, makeDirectories } from './job.mjs'

const { region, bucket, credentials, settings } = job
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
  read: async ({ key }) => consume(await client.getObject(bucket, key), key),
}

const items = await itemsOf(job)
if (job.operation === 'download') await makeDirectories(items)
await forEach(items, settings?.concurrency ?? 16, WORK[job.operation])
