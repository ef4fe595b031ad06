/**
 * One round of the kill loop: a tree of files, a store, and for each file a command that is killed and
 * run again until it is done. It ends well only if the bytes are right, what had arrived was not moved
 * again, success was told only of what was right, and nothing is left: no upload with parts, temporary
 * file, lock or journal.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { checkSends, type SendCounts } from './ledger.ts'
import { IN_FLIGHT, isInParts, PART_SIZE, type KillPlan, type TreePlan } from './plan.ts'
import { BUCKET, MemoryView } from './store-view.ts'
import type { Moved, Scene } from './transfer.ts'
import { checkTree, makeTree, moveTree } from './tree.ts'

export interface RoundReport extends SendCounts {
  readonly files: number
  /** Kills that found what they were for at work: the command, or the store. */
  readonly kills: number
  /** Runs that told a failure. */
  readonly failures: number
  /** Files whose last run went on with what an earlier one had left. */
  readonly resumed: number
}

/** @throws AssertionError for what must not happen */
export async function runKills(plan: KillPlan, seed: number): Promise<RoundReport> {
  const root = await mkdtemp(join(tmpdir(), 'transfer-engine-kill-'))
  const store = await startLocalStore({ buckets: [BUCKET], md5: false })
  try {
    const view = new MemoryView(store)
    const scene: Scene = { view, ...placesIn(root), ...termsOf(plan), mayFail: false }
    const subjects = await makeTree(scene, plan.files, seed)
    store.requests.clear()
    delayComplete(store, plan)
    const moved = await moveTree(scene, subjects, plan)
    const kills = moved.reduce((sum, each) => sum + each.kills, 0)
    checkTree(scene, moved, kills)
    return { ...summaryOf(moved, 0), kills }
  } finally {
    await store.close()
    await rm(root, { recursive: true })
  }
}

export function placesIn(root: string): Pick<Scene, 'dir' | 'stateDir'> {
  return { dir: join(root, 'files'), stateDir: join(root, 'state') }
}

/** Under a bandwidth limit no request is raced by a second one, which would be counted as sent again. */
export function termsOf({
  bandwidth,
}: Pick<TreePlan, 'bandwidth'>): Pick<Scene, 'flags' | 'partSize'> {
  const limits = ['--max-in-flight', String(IN_FLIGHT), '--max-bandwidth', String(bandwidth)]
  return { flags: ['--workers', '1', ...limits], partSize: PART_SIZE }
}

/** @throws AssertionError for what was sent without need */
export function summaryOf(moved: readonly Moved[], storeKills: number): Omit<RoundReport, 'kills'> {
  const counts = moved.map(({ subject, runs }) => {
    const { direction } = subject
    const terms = { direction, isInParts: isInParts(subject), inFlight: IN_FLIGHT, storeKills }
    return checkSends(runs, terms)
  })
  return {
    files: moved.length,
    failures: moved.reduce((sum, each) => sum + each.failures, 0),
    resumed: moved.filter(({ last }) => last?.result?.['resumed'] === true).length,
    sends: counts.reduce((sum, each) => sum + each.sends, 0),
    again: counts.reduce((sum, each) => sum + each.again, 0),
  }
}

function delayComplete(store: LocalStore, { completeDelayMs: ms, completesFirst }: KillPlan): void {
  if (ms === 0) return
  const at = completesFirst ? 'after-operation' : 'before-operation'
  store.faults.add({
    match: { operation: 'CompleteMultipartUpload' },
    fault: { kind: 'delay', ms, at },
  })
}
