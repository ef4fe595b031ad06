/** The SDK's own commands, as its documentation shows them. */

import { nodePeer } from './node-program.ts'
import { refusesManyReads } from './refusals.ts'

/** Largest object that is read into memory whole and sent at once. Source: our part size. */
const PUT_MAX = 8 * 1024 * 1024

export const clientS3 = nodePeer({
  name: 'client-s3',
  title: '@aws-sdk/client-s3',
  kind: 'library',
  package: '@aws-sdk/client-s3',
  program: 'client-s3.mjs',
  settings:
    '`GetObject`, its body piped into a write stream that ends with an fsync (as ours ' +
    'does), or `PutObject` of what was read of a file; many objects: a loop with as many ' +
    'under way as the concurrency (default 50, the connections of the SDK); sends a CRC32 ' +
    'and a SHA-256, compares the stored CRC',

  refuses: (job) =>
    job.operation === 'upload' && job.size > PUT_MAX
      ? 'large objects are uploaded by @aws-sdk/lib-storage'
      : refusesManyReads(job),
})
