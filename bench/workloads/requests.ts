/**
 * Small signed requests alone: bodies in memory, no files, one thread, 16 in flight. Ours is what
 * runs in a worker, without the coordinator before it.
 */

import { KiB } from '../../src/units.ts'
import type { PeerKind } from '../peers/peer.ts'
import { ownPeer, programPath } from './own-program.ts'
import type { OwnPeer, Workload } from './workload.ts'

/** The three programs take the job as JSON and print a line with what their requests took. */
const PEERS: readonly OwnPeer[] = [
  requestPeer('transfer-engine', 'a worker of transfer-engine', 'ours', 'request-ours.mjs', {
    settings: 'the code of a worker (`PartRunner`), driven in one thread with jobs in memory',
  }),
  requestPeer('client-s3', '@aws-sdk/client-s3', 'library', 'request-sdk.mjs', {
    settings: '`PutObject` and `GetObject` with Buffers, 16 sockets, CRC32 sent and checked',
  }),
  requestPeer('raw-socket', 'raw sockets', 'library', 'request-raw.mjs', {
    settings:
      '`node:net`, requests signed by hand, an answer parser of 40 lines; the same headers, ' +
      'CRC32 and payload hash as ours',
  }),
]

export const REQUESTS: readonly Workload[] = [request('upload', 'put'), request('download', 'get')]

function request(operation: 'upload' | 'download', verb: 'put' | 'get'): Workload {
  return {
    name: `request-${verb}-4k`,
    group: 'request',
    operation,
    secure: false,
    count: 20_000,
    size: 4 * KiB,
    unit: 'µs/object',
    reference: 'raw-socket',
    title: ({ count }) =>
      `${count.toLocaleString('en-US')} signed ${verb.toUpperCase()} requests of 4 KiB, no files`,
    scaledBy: 'count',
    ownPeers: PEERS,
    onlyOwn: true,
    hasVariants: false,
    timedByProgram: true,
    ...(operation === 'download'
      ? { verification: 'Each program compares every body with the content of its key.' }
      : {}),
  }
}

function requestPeer(
  name: string,
  title: string,
  kind: PeerKind,
  program: string,
  { settings }: Pick<OwnPeer, 'settings'>,
): OwnPeer {
  return ownPeer({
    name,
    title,
    kind,
    settings,
    args: (job) => [programPath(program), JSON.stringify(job)],
  })
}
