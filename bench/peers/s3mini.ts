/** A client on fetch and WebCrypto, also for the edge. */

import { GiB } from '../../src/units.ts'
import { nodePeer } from './node-program.ts'
import { refusesManyReads } from './refusals.ts'

/** Largest file it is given. Bytes. Source: seen with s3mini 1.0.2; 64 MiB are fine. */
const BLOB_MAX = GiB

export const s3mini = nodePeer({
  name: 's3mini',
  title: 's3mini',
  kind: 'library',
  package: 's3mini',
  program: 's3mini.mjs',
  settings:
    '`putAnyObject` of a file as a Blob, downloads by `getObjectResponse` into a write ' +
    'stream that ends with an fsync (as ours does); equal: `minPartSize`, of which it ' +
    'always sends 4 at a time; many objects: a loop with as many under way as the ' +
    'concurrency (default 16); sends and checks no checksum, payloads are unsigned',
  refuses: (job) =>
    job.operation === 'upload' && job.size > BLOB_MAX
      ? 'its upload of a Blob of 4 GiB never ends'
      : refusesManyReads(job),
})
