/** This package as one sets it on a network that is trusted: beside itself as it comes. */

import { manifestVersion } from '../peers/find.ts'
import { ownPeer, programPath } from './own-program.ts'
import type { OwnPeer } from './workload.ts'

export const UNSIGNED: OwnPeer = ownPeer({
  name: 'transfer-engine-unsigned',
  title: 'transfer-engine, payloads unsigned',
  kind: 'ours',
  settings: "the same with `payloadSigning: 'never'`, as CRT, lean-s3 and s3mini always do it",
  find: async () => manifestVersion('package.json'),
  args: (job) => [
    programPath('ours.mjs'),
    JSON.stringify({ ...job, options: { payloadSigning: 'never' } }),
  ],
})
