/** A library that mirrors directories with the SDK underneath. */

import { nodePeer, nodeTask } from './node-program.ts'

export const s3SyncClient = nodePeer({
  name: 's3-sync-client',
  title: 's3-sync-client',
  kind: 'library',
  package: 's3-sync-client',
  program: 's3-sync-client.mjs',
  settings:
    '`sync` of a directory, or of the one file in it; equal: `partSize`, and ' +
    '`maxConcurrentTransfers` of the concurrency; default 5 MiB and 10; a large download is ' +
    'one stream; sends a CRC32 behind every part, compares the stored CRC; no fsync',

  refuses: ({ operation }) => (operation === 'read' ? 'has no streams' : undefined),
  tasks: {
    sync: nodeTask('s3-sync-client.mjs', '`sync`, by size and time, all of both sides in memory'),
  },
})
