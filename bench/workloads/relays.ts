/** Objects copied from one store to another that does not know the first: through this machine. */

import { GiB, KiB } from '../../src/units.ts'
import { nodePeer, nodeTask } from '../peers/node-program.ts'
import { atTask } from '../peers/task.ts'
import { describeStep, type OwnPeer, type Step, type Workload } from './workload.ts'

/** What a copy is made of, one after the other: a read into memory, and an upload from memory. */
const HALVES: OwnPeer = atTask(
  nodePeer({
    name: 'read-and-upload',
    title: 'transfer-engine, read and upload apart',
    kind: 'ours',
    package: undefined,
    program: 'relay-halves.mjs',
    settings: '`read` of the object to its end, then `upload` of as many bytes from memory',
    refuses: () => undefined,
    tasks: {
      relay: nodeTask(
        'relay-halves.mjs',
        '`read` of the object to its end, then `upload` of as many bytes',
      ),
    },
  }),
  'relay',
)

export const RELAYS: readonly Workload[] = [
  relay('relay-1g', { count: 1, size: GiB }, 's/GiB', [HALVES]),
  relay('relay-5k-64k', { count: 5000, size: 64 * KiB }, 'µs/object', []),
]

function relay(
  name: string,
  step: Step,
  unit: Workload['unit'],
  ownPeers: readonly OwnPeer[],
): Workload {
  return {
    ...step,
    name,
    group: 'relay',
    operation: 'download',
    secure: false,
    task: 'relay',
    unit,
    reference: 'rclone',
    title: (moved) => `Copy of ${describeStep(moved)} between two stores`,
    scaledBy: step.count === 1 ? 'size' : 'count',
    ownPeers,
    hasVariants: false,
    verification:
      'The second server computes the CRC32 of every byte that arrives, and it is compared with that of ' +
      'the content expected.',
  }
}
