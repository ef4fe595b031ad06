/** This package, by its public interface. */

import { discardingOutput } from './discard.ts'
import { nodePeer, nodeTask } from './node-program.ts'
import type { Command, Job } from './peer.ts'
import { refusesManyReads } from './refusals.ts'
import { awsEnvironment } from './surroundings.ts'

export const ours = nodePeer({
  name: 'transfer-engine',
  title: 'transfer-engine',
  kind: 'ours',
  package: undefined,
  program: 'ours.mjs',
  settings:
    'equal: `partSize`, and `maxInFlight` of the concurrency; many objects: ' +
    '`uploadDirectory` and `downloadDirectory`; sends a CRC32 of every part and of the ' +
    'whole, over http a SHA-256 too; compares the stored checksum; one file, and of many ' +
    'those in parts, are synced to disk before they get their names',
  refuses: refusesManyReads,
  tasks: {
    sync: nodeTask('sync-ours.mjs', '`sync`, by size and time; two streams that are joined'),
    relay: nodeTask(
      'relay-ours.mjs',
      '`copy`, or `copyPrefix`, by relay; compares the stored checksum of the source, sends it and compares it',
    ),
    list: {
      settings: 'the command `ls --recursive`, several pages under way; output to /dev/null',
      command: async (job) => listCommand(job),
    },
  },
})

function listCommand(job: Job): Command {
  const { endpoint, bucket, key } = job
  const args = ['dist/src/cli/main.cjs', 'ls', '--recursive', `s3://${bucket}/${key}`]
  const file = process.execPath
  const env = awsEnvironment(job)
  return discardingOutput({ file, args: [...args, '--endpoint-url', endpoint], env })
}
