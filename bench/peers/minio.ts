/** The JavaScript client of MinIO. */

import { nodePeer } from './node-program.ts'
import { refusesManyReads } from './refusals.ts'

export const minio = nodePeer({
  name: 'minio',
  title: 'minio',
  kind: 'library',
  package: 'minio',
  program: 'minio.mjs',
  settings:
    '`fPutObject` and `fGetObject`; equal: `partSize`, of which it sends one after the ' +
    'other; default 64 MiB; many objects: a loop with as many under way as the concurrency ' +
    '(default 16); sends an MD5 of every part, over http a SHA-256 too; compares sizes of ' +
    'downloads; no fsync',
  refuses: refusesManyReads,
})
