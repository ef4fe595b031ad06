/** This package, by its public interface. */

import { nodePeer } from './node-program.ts'
import { refusesManyReads } from './refusals.ts'

export const ours = nodePeer({
  name: 'transfer-engine',
  title: 'transfer-engine',
  kind: 'ours',
  package: undefined,
  program: 'ours.mjs',
  settings:
    'equal: `partSize`, and `maxInFlight` of the concurrency; many objects: a call each, at ' +
    'most 1,000 ahead; sends a CRC32 of every part and of the whole, over http a SHA-256 ' +
    'too; compares the stored checksum; files are synced to disk before they get their ' +
    'names',
  refuses: refusesManyReads,
})
