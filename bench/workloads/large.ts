/** One large object: up, down, over TLS, and read in order. */

import { GiB } from '../../src/units.ts'
import type { Operation } from '../peers/peer.ts'
import { CHECKSUM_FLOORS } from './checksum-floors.ts'
import { UNSIGNED } from './trusted-network.ts'
import { describeStep, type Workload } from './workload.ts'

const VERBS: Readonly<Record<Operation, string>> = {
  upload: 'Upload of',
  download: 'Download of',
  read: 'Ordered read of',
}

export const LARGE: readonly Workload[] = [
  large('upload', false),
  large('download', false),
  large('upload', true),
  large('download', true),
  large('read', false),
]

function large(operation: Operation, secure: boolean): Workload {
  return {
    name: `${operation}-4g${secure ? '-tls' : ''}`,
    group: operation === 'read' ? 'read' : `large${secure ? '-tls' : ''}`,
    operation,
    secure,
    count: 1,
    size: 4 * GiB,
    unit: 's/GiB',
    reference: operation === 'upload' ? 'lib-storage' : 'client-s3',
    title: (moved) => `${VERBS[operation]} ${describeStep(moved)}${secure ? ' over TLS' : ''}`,
    scaledBy: 'size',
    // Over TLS no payload is signed, and a download's CRC32 costs as much as an upload's.
    ...(operation === 'upload' && !secure ? { ownPeers: [UNSIGNED, ...CHECKSUM_FLOORS] } : {}),
    hasVariants: true,
  }
}
