/** This package with a call for each object: beside the call for their directory. */

import { nodeCommand, nodePeer } from '../peers/node-program.ts'
import { writeNames } from '../peers/names-file.ts'
import type { Job } from '../peers/peer.ts'
import type { OwnPeer } from './workload.ts'

export const EACH_OBJECT: OwnPeer = {
  ...nodePeer({
    name: 'transfer-engine-each',
    title: 'transfer-engine, a call for each',
    kind: 'ours',
    package: undefined,
    program: 'ours.mjs',
    settings:
      'the same with `upload` and `download` for each object, at most 1,000 ahead; every file is ' +
      'synced to disk before it gets its name',
    refuses: () => undefined,
  }),
  command: async (job, scratch) => {
    const each: Job & { readonly calls: 'each' } = { ...job, calls: 'each' }
    return nodeCommand('ours.mjs', each, await writeNames(job, scratch))
  },
}
