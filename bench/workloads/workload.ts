/** What is moved, by whom, and how it is made sure that it was. */

import type { Direction, Peer, TransferJob } from '../peers/peer.ts'
import type { BenchServer } from '../server.ts'

/** What a workload works with: the store, a directory of its own, the size of the object. */
export interface Site {
  readonly server: BenchServer
  readonly directory: string
  readonly size: number
}

export interface Workload {
  readonly name: string
  /** A heading: `Upload of one object`. */
  readonly title: string
  readonly direction: Direction
  /** Size that `--size` does not change. Bytes. */
  readonly size?: number | undefined
  /** Compared in this order, run by run. */
  readonly peers: readonly Peer[]
  /** Peer the others are divided by. */
  readonly reference: Peer
  /** One sentence of the report: how what moved is verified. */
  readonly verification: string
  /** Makes what all runs need. */
  prepare(site: Site): Promise<PreparedWorkload>
}

/** A workload ready to be run any number of times. */
export interface PreparedWorkload extends AsyncDisposable {
  readonly job: TransferJob
  /** Sets the stage for one run. */
  reset(): Promise<void>
  /** @throws Error when not every byte is where it should be. */
  verify(): Promise<void>
}
