/** The SDK's multipart upload, fed with a file stream as its documentation shows. */

import type { Peer, TransferJob } from './peer.ts'

export const libStorage: Peer = {
  name: 'lib-storage',
  packages: ['@aws-sdk/lib-storage', '@aws-sdk/client-s3'],
  settings: '`Upload` of a file stream, `partSize` 8 MiB, `queueSize` 16',

  async transfer(job: TransferJob): Promise<void> {
    const { createReadStream } = await import('node:fs')
    const { S3Client } = await import('@aws-sdk/client-s3')
    const { Upload } = await import('@aws-sdk/lib-storage')
    const { endpoint, region, credentials, bucket, key, path, metadata } = job
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    const upload = new Upload({
      client,
      params: { Bucket: bucket, Key: key, Body: createReadStream(path), Metadata: { ...metadata } },
      partSize: job.partSize,
      queueSize: job.partsInFlight,
    })
    await upload.done()
    client.destroy()
  },
}
