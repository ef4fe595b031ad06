/** This package, by its public interface. */

import type { Peer, TransferJob } from './peer.ts'

export const ours: Peer = {
  name: 'transfer-engine',
  packages: ['undici', 'piscina'],
  settings:
    'parts and ranges of 8 MiB, 16 in flight, threads as it sees fit (at most one per core)',

  async transfer(job: TransferJob): Promise<void> {
    const { TransferEngine } = await import('../../src/index.ts')
    const { endpoint, region, credentials, bucket, key, path, metadata } = job
    await using engine = new TransferEngine({
      endpoint,
      region,
      credentials,
      partSize: job.partSize,
      maxInFlight: job.partsInFlight,
    })
    if (job.direction === 'upload') await engine.upload(path, { bucket, key }, { metadata })
    else await engine.download({ bucket, key }, path)
  },
}
