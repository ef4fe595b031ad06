/** A small client with undici underneath. */

import { nodePeer } from './node-program.ts'
import { refusesManyReads } from './refusals.ts'

export const leanS3 = nodePeer({
  name: 'lean-s3',
  title: 'lean-s3',
  kind: 'library',
  package: 'lean-s3',
  program: 'lean-s3.mjs',
  settings:
    'small objects by `write`, large ones by its multipart calls, in parts read into ' +
    'memory; downloads by `stream` into a write stream that ends with an fsync (as ours ' +
    'does); equal: part size and concurrency of a loop written by hand; default 8 MiB and ' +
    '16; sends and checks no checksum, payloads are unsigned',
  refuses: refusesManyReads,
})
