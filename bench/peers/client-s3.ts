/** The SDK's own commands, as its documentation shows them. */

import { discardingOutput } from './discard.ts'
import { nodeCommand, nodePeer, nodeTask } from './node-program.ts'
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
    '`GetObject`, its body piped into a write stream that for one object ends with an fsync ' +
    '(as ours does), or `PutObject` of what was read of a file; many objects: a loop with as ' +
    'many under way as the concurrency (default 50, the connections of the SDK); sends a ' +
    'CRC32 and a SHA-256, compares the stored CRC',

  refuses: (job) =>
    job.operation === 'upload' && job.size > PUT_MAX
      ? 'large objects are uploaded by @aws-sdk/lib-storage'
      : refusesManyReads(job),

  tasks: {
    sync: nodeTask(
      'sync-client-s3.mjs',
      'written by hand: all pages and all files into two maps, compared by size and time',
    ),
    list: {
      settings: '`paginateListObjectsV2`, sizes and keys written to /dev/null',
      command: async (job) => discardingOutput(nodeCommand('list-client-s3.mjs', job, undefined)),
    },
  },
})
