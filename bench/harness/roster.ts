/** Who takes part: the peers that were found on this machine, and a word on those that were not. */

import { resolve } from 'node:path'
import type { Command, Peer } from '../peers/peer.ts'
import { atTask } from '../peers/task.ts'
import type { ResultPeer, WorkloadResult } from '../result.ts'
import type { OwnPeer, Step, Workload } from '../workloads/workload.ts'

/** A peer that was found. */
export interface Participant {
  readonly peer: OwnPeer
  readonly version: string
}

export interface Roster {
  readonly present: readonly Participant[]
  readonly absent: WorkloadResult['absent']
}

/** Another checkout of this project that takes part beside this one. */
export interface Checkout {
  /** As it was asked for: a branch, a tag, a commit. */
  readonly ref: string
  readonly version: string
  /** Where it lies, built. */
  readonly root: string
}

/**
 * Peers of a workload before anybody was looked for: of those chosen by name, the common ones and
 * its own, and each that is ours once more for the other checkout.
 */
export function peersOf(
  workload: Workload,
  steps: readonly Step[],
  common: readonly Peer[],
  chosen: readonly string[] | undefined,
  checkout: Checkout | undefined,
): OwnPeer[] {
  const { ownPeers = [], onlyOwn = false, takesPart, task } = workload
  const able = task === undefined ? common : common.map((peer) => atTask(peer, task))
  return [...(onlyOwn ? [] : able), ...ownPeers]
    .filter(({ name }) => chosen === undefined || chosen.includes(name))
    .filter((peer) => steps.some((step) => takesPart?.(peer, step) ?? true))
    .flatMap((peer) =>
      checkout === undefined || peer.kind !== 'ours'
        ? [peer]
        : [peer, fromCheckout(peer, checkout)],
    )
}

/** Looks for each peer, and asks it whether it can do every step. Nothing is installed. */
export async function findPeers(
  peers: readonly OwnPeer[],
  jobs: readonly Parameters<Peer['refuses']>[0][],
): Promise<Roster> {
  const present: Participant[] = []
  const absent: { readonly name: string; readonly reason: string }[] = []
  for (const peer of peers) {
    const refusal = jobs.map((job) => peer.refuses(job)).find((each) => each !== undefined)
    const version = refusal === undefined ? await versionOf(peer) : undefined
    if (version !== undefined) present.push({ peer, version })
    else absent.push({ name: peer.name, reason: refusal ?? 'not found on this machine' })
  }
  return { present, absent }
}

/** Versions already asked for: some programs take a second to answer. */
const versions = new Map<OwnPeer['find'], Promise<string | undefined>>()

function versionOf({ find }: OwnPeer): Promise<string | undefined> {
  const version = versions.get(find) ?? find()
  versions.set(find, version)
  return version
}

export function resultPeer({ peer, version }: Participant): ResultPeer {
  const { name, title, kind, settings } = peer
  return { name, title, kind, version, settings }
}

/** The same program with the engine of another checkout. */
function fromCheckout(peer: OwnPeer, { ref, version, root }: Checkout): OwnPeer {
  return {
    ...peer,
    name: `${peer.name}@${ref}`,
    title: `${peer.title} at ${ref}`,
    find: async () => version,
    command: async (job, scratch) => withRoot(await peer.command(job, scratch), root),
  }
}

/** Paths below `dist` become those of the other checkout. */
function withRoot({ file, args, env }: Command, root: string): Command {
  return {
    file,
    args: args.map((each) => (each.startsWith('dist/') ? resolve(root, each) : each)),
    env: { ...env, ENGINE_ENTRY: resolve(root, 'dist/src/index.js') },
  }
}
