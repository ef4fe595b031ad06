/** Every adapter, ours first. */

import { floor } from '../floors/floor.ts'
import { awsCli1, awsCli2, awsCli2Crt } from './aws-cli.ts'
import { boto3, boto3Crt } from './boto3.ts'
import { clientS3 } from './client-s3.ts'
import { leanS3 } from './lean-s3.ts'
import { libStorage } from './lib-storage.ts'
import { minio } from './minio.ts'
import { ours } from './ours.ts'
import type { Peer } from './peer.ts'
import { rclone } from './rclone.ts'
import { s3SyncClient } from './s3-sync-client.ts'
import { s3cmd } from './s3cmd.ts'
import { s3mini } from './s3mini.ts'
import { s5cmd } from './s5cmd.ts'

export const PEERS: readonly Peer[] = [
  ours,
  libStorage,
  clientS3,
  s3SyncClient,
  leanS3,
  s3mini,
  minio,
  boto3,
  boto3Crt,
  awsCli1,
  awsCli2,
  awsCli2Crt,
  s5cmd,
  rclone,
  s3cmd,
  floor,
]

/** @throws Error for a name that no adapter has. */
export function peerNamed(name: string): Peer {
  const peer = PEERS.find((each) => each.name === name)
  if (peer === undefined) throw new Error(`There is no peer named ${name}`)
  return peer
}
