/** Every adapter. */

import { clientS3 } from './client-s3.ts'
import { libStorage } from './lib-storage.ts'
import { ours } from './ours.ts'
import type { Peer } from './peer.ts'

export const PEERS: readonly Peer[] = [ours, libStorage, clientS3]

/** @throws Error for a name that no adapter has. */
export function peerNamed(name: string): Peer {
  const peer = PEERS.find((each) => each.name === name)
  if (peer === undefined) throw new Error(`There is no peer named ${name}`)
  return peer
}
