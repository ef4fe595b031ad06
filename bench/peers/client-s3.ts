/** The SDK's GetObject, piped into a file as its documentation shows. */

import type { Readable } from 'node:stream'
import type { Peer, TransferJob } from './peer.ts'

export const clientS3: Peer = {
  name: 'client-s3',
  packages: ['@aws-sdk/client-s3'],
  settings:
    'one `GetObject`, its body piped into a write stream that ends with an fsync (as ours does)',

  async transfer(job: TransferJob): Promise<void> {
    const { createWriteStream } = await import('node:fs')
    const { pipeline } = await import('node:stream/promises')
    const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    const { endpoint, region, credentials, bucket, key, path } = job
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    // Ours also waits until the disk has the file.
    await pipeline(Body as Readable, createWriteStream(path, { flush: true }))
    client.destroy()
  },
}
