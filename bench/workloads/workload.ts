/**
 * What is moved, by whom, and how it counts: plain data. `harness/run-workload.ts` runs it.
 */

import { formatSize } from '../../src/units.ts'
import type { Operation, Peer, TaskName } from '../peers/peer.ts'
import type { WorkloadResult } from '../result.ts'

/** Objects, and the size of each in bytes. */
export interface Step {
  readonly count: number
  readonly size: number
}

/** A peer that only this workload has; it may do something else than moving objects. */
export interface OwnPeer extends Peer {
  readonly movesNothing?: boolean | undefined
}

export interface Workload extends Step {
  /** For flags and files: `download-4g-tls`. */
  readonly name: string
  readonly group: string
  readonly operation: Operation
  readonly secure: boolean
  /**
   * Not a copy: a task on a tree that is in place on both sides, or listed; `operation` is then the
   * direction. Nothing may be moved by it.
   */
  readonly task?: TaskName | undefined
  readonly unit: WorkloadResult['unit']
  /** Name of the peer the others are divided by. */
  readonly reference: string
  /** A heading for what was moved in the end, which flags may have changed. */
  readonly title: (moved: Step) => string
  /** Which flag changes it: `--size` the size, `--count-scale` the number of objects. */
  readonly scaledBy: 'size' | 'count' | 'nothing'
  /** A sweep: one after the other, instead of `count` and `size`. */
  readonly steps?: readonly Step[] | undefined
  /** Peers of its own, beside the common ones or, with `onlyOwn`, instead of them. */
  readonly ownPeers?: readonly OwnPeer[] | undefined
  readonly onlyOwn?: boolean | undefined
  /** Who takes part in a step, where not everybody does. */
  readonly takesPart?: ((peer: Peer, step: Step) => boolean) | undefined
  /** Whether it also runs with the peers' own settings. */
  readonly hasVariants: boolean
  /** Processes in one sample, which is their mean: for what is short beside a tick of 10 ms. */
  readonly processes?: number | undefined
  /** CPU time is what the program says, not that of the process, whose start is not of interest. */
  readonly timedByProgram?: boolean | undefined
  /** A word on how it is verified that the site cannot say. */
  readonly verification?: string | undefined
}

/** `one 4 GiB object`, `64 objects of 64 MiB` */
export function describeStep({ count, size }: Step): string {
  if (count === 1) return `one ${formatSize(size)} object`
  return `${count.toLocaleString('en-US')} objects of ${formatSize(size)}`
}
