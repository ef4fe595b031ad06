/** A result file: one per workload, so that one can be measured again alone. */

import type { Operation, PeerKind, Variant } from './peers/peer.ts'

/** Plain facts on machine and versions, by the name the report gives them. No paths, no hosts. */
export type Machine = Readonly<Record<string, string>>

/** What one run took. Seconds, bytes. */
export interface Sample {
  readonly peer: string
  readonly variant: Variant
  /** 1-based. */
  readonly run: number
  /** CPU time of the whole process tree, as the kernel charged it. */
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly peakRss: number
  readonly wallSeconds: number
  /** Connections the store accepted, and requests it saw; undefined on an endpoint of others. */
  readonly connections: number | undefined
  readonly requests: number | undefined
  readonly serverCpuSeconds: number | undefined
}

/** A peer that took part. */
export interface ResultPeer {
  readonly name: string
  readonly title: string
  readonly kind: PeerKind
  readonly version: string
  readonly settings: string
}

export interface WorkloadResult {
  readonly workload: string
  /** A heading: `Download of one 4 GiB object`. */
  readonly title: string
  /** Tables of one group stand together: `large`, `large-tls`, `many`, `small`, `read`, `start`… */
  readonly group: string
  readonly operation: Operation
  readonly secure: boolean
  /** Objects of one run, and the size of each. For a sweep: of its largest step. */
  readonly count: number
  readonly size: number
  readonly unit: 's/GiB' | 'µs/object' | 'ms'
  /** Peer the others are divided by. */
  readonly reference: string
  /** One sentence: how what moved is verified. */
  readonly verification: string
  readonly peers: readonly ResultPeer[]
  /** Who did not take part, and why. */
  readonly absent: readonly { readonly name: string; readonly reason: string }[]
  /** `2026-11-22` */
  readonly date: string
  /** What to type to get this again. */
  readonly command: string
  /** Load average before the first run: what else the machine was doing. */
  readonly loadBefore: number
  readonly machine: Machine
  readonly samples: readonly Sample[]
  /** A sweep: the steps, each with its samples; `samples` is then empty. */
  readonly steps?: readonly ResultStep[] | undefined
}

/** One step of a sweep over sizes or counts. */
export interface ResultStep {
  readonly count: number
  readonly size: number
  readonly samples: readonly Sample[]
}
