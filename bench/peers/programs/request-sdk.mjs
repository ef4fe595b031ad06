/** Small requests by client-s3 with Buffers, on as many sockets as requests in flight. */

import { Agent } from 'node:http'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { bodyOf, checkBody, IN_FLIGHT, job, keys, measureRequests } from './request-loop.mjs'

const { endpoint, region, bucket: Bucket, credentials } = job
const client = new S3Client({
  endpoint,
  region,
  credentials,
  forcePathStyle: true,
  requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: IN_FLIGHT }) },
})

const put = (index) =>
  client.send(new PutObjectCommand({ Bucket, Key: keys[index], Body: bodyOf(index) }))

const get = async (index) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: keys[index] }))
  checkBody(index, await Body.transformToByteArray())
}

await measureRequests(job.operation === 'upload' ? put : get)
client.destroy()
