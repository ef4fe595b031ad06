/**
 * Cost against size and against number: ours at every step, and the SDK at the small end, where
 * its start-up shows as ours does.
 */

import { GiB, KiB, MiB } from '../../src/units.ts'
import type { Peer } from '../peers/peer.ts'
import type { Step, Workload } from './workload.ts'

const SIZES: readonly Step[] = [256 * MiB, GiB, 4 * GiB, 16 * GiB].map((size) => ({
  count: 1,
  size,
}))
const COUNTS: readonly Step[] = [1000, 5000, 20_000, 50_000].map((count) => ({
  count,
  size: 4 * KiB,
}))

/** Up to here the SDK takes part. */
const COMPARED_SIZE_MAX = GiB
const COMPARED_COUNT_MAX = 5000

type Direction = 'upload' | 'download'

export const SWEEPS: readonly Workload[] = [
  sizes('upload'),
  sizes('download'),
  counts('upload'),
  counts('download'),
]

function sizes(operation: Direction): Workload {
  const reference = operation === 'upload' ? 'lib-storage' : 'client-s3'
  return {
    ...sweep(operation, SIZES, reference, ({ size }) => size <= COMPARED_SIZE_MAX),
    name: `sizes-${operation}`,
    unit: 's/GiB',
    title: () => `${operation === 'upload' ? 'Upload' : 'Download'}: cost against size`,
    scaledBy: 'size',
  }
}

function counts(operation: Direction): Workload {
  return {
    ...sweep(operation, COUNTS, 'client-s3', ({ count }) => count <= COMPARED_COUNT_MAX),
    name: `counts-${operation}`,
    unit: 'µs/object',
    title: () =>
      `${operation === 'upload' ? 'Upload' : 'Download'}: cost against number of objects`,
    scaledBy: 'count',
  }
}

function sweep(
  operation: Direction,
  steps: readonly Step[],
  reference: string,
  isCompared: (step: Step) => boolean,
): Pick<
  Workload,
  | 'count'
  | 'size'
  | 'group'
  | 'operation'
  | 'secure'
  | 'reference'
  | 'steps'
  | 'takesPart'
  | 'hasVariants'
> {
  const last = steps.at(-1) ?? { count: 0, size: 0 }
  return {
    ...last,
    group: 'sweep',
    operation,
    secure: false,
    reference,
    steps,
    takesPart: ({ kind, name }: Peer, step) =>
      kind === 'ours' || (name === reference && isCompared(step)),
    hasVariants: false,
  }
}
