/** Peers that only a workload has: programs of this project, run by the Node of the benchmark. */

import type { Job } from '../peers/peer.ts'
import type { OwnPeer } from './workload.ts'

/** A program below `bench/peers/programs`, relative to the root of the project. */
export function programPath(program: string): string {
  return `bench/peers/programs/${program}`
}

/** What an own peer needs beside its arguments. */
export type OwnProgram = Omit<OwnPeer, 'find' | 'refuses' | 'command'> & {
  /** Undefined: Node's. */
  readonly find?: OwnPeer['find'] | undefined
  readonly args: (job: Job) => readonly string[]
}

export function ownPeer({ find, args, ...rest }: OwnProgram): OwnPeer {
  return {
    ...rest,
    find: find ?? (async () => process.versions.node),
    refuses: () => undefined,
    command: async (job) => ({ file: process.execPath, args: args(job) }),
  }
}
