/**
 * Peers that are libraries for Node: each is a program below `programs/` that gets the job as JSON
 * and runs in the same Node as the benchmark.
 */

import { manifestVersion, packageVersion } from './find.ts'
import { writeNames } from './names-file.ts'
import type { Command, Job, Peer, PeerTask } from './peer.ts'
import { nodeEnvironment } from './surroundings.ts'

const PROGRAMS = 'bench/peers/programs'

export interface NodeProgram extends Pick<
  Peer,
  'name' | 'title' | 'kind' | 'settings' | 'refuses' | 'tasks'
> {
  /** The package whose version counts; undefined: this one. */
  readonly package: string | undefined
  /** File below `programs/`. */
  readonly program: string
}

export function nodePeer({ package: dependency, program, ...rest }: NodeProgram): Peer {
  return {
    ...rest,
    find: async () =>
      dependency === undefined ? manifestVersion('package.json') : packageVersion(dependency),
    command: async (job, scratch) => nodeCommand(program, job, await writeNames(job, scratch)),
  }
}

/** A task that is a program below `programs/`, too. It needs no names: it finds them. */
export function nodeTask(program: string, settings: string): PeerTask {
  return { settings, command: async (job) => nodeCommand(program, job, undefined) }
}

/** @param names file with the names of many objects, one a line */
export function nodeCommand(program: string, job: Job, names: string | undefined): Command {
  return {
    file: process.execPath,
    args: [`${PROGRAMS}/${program}`, JSON.stringify({ ...job, names })],
    env: nodeEnvironment(job),
  }
}
