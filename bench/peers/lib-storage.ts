/** The SDK's multipart upload, fed with a file stream as its documentation shows. */

import { nodePeer } from './node-program.ts'

export const libStorage = nodePeer({
  name: 'lib-storage',
  title: '@aws-sdk/lib-storage',
  kind: 'library',
  package: '@aws-sdk/lib-storage',
  program: 'lib-storage.mjs',
  settings:
    '`Upload` of a file stream; equal: `partSize`, and `queueSize` of the concurrency; ' +
    'default 5 MiB and 4; many objects: a loop with that many under way (default 50, the ' +
    'connections of the SDK), each one part after the other; sends a CRC32 and a SHA-256 of ' +
    'every part',

  refuses: ({ operation }) =>
    operation === 'upload' ? undefined : 'uploads only; see @aws-sdk/client-s3',
})
