/**
 * One round in which not the command is killed but the store it speaks to, and started again on the
 * same port and directory. The command waits for it, or fails and is run again until it is done; the
 * same is looked at in the end. An upload with parts may be left only by a run that failed and could
 * not remove it, together with its journal; the next run takes it up, so in the end none is.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ChildStore } from './child-store.ts'
import { PART_SIZE } from './plan.ts'
import { placesIn, summaryOf, termsOf, type RoundReport } from './round.ts'
import type { StoreKillPlan, StoreMoment } from './store-plan.ts'
import type { Scene } from './transfer.ts'
import { checkTree, makeTree, moveTree } from './tree.ts'

/** How often is looked whether the moment has come. Milliseconds. */
const LOOK_MS = 3

/** Time after which a moment has come, if what it waits for never happens. Milliseconds. */
const MOMENT_MS = 2000

/** @throws AssertionError for what must not happen */
export async function runStoreKills(plan: StoreKillPlan, seed: number): Promise<RoundReport> {
  const root = await mkdtemp(join(tmpdir(), 'transfer-engine-kill-'))
  const store = await ChildStore.start(join(root, 'store'), PART_SIZE)
  try {
    const { flags, ...terms } = termsOf(plan)
    const attempts = ['--max-attempts', String(plan.maxAttempts)]
    const places = placesIn(root)
    const scene: Scene = {
      view: store,
      ...places,
      ...terms,
      flags: [...flags, ...attempts],
      mayFail: true,
    }
    const subjects = await makeTree(scene, plan.files, seed)
    let isOver = false
    const moving = moveTree(scene, subjects, plan).finally(() => (isOver = true))
    const [moved, kills] = await Promise.all([moving, killAsPlanned(store, plan, () => isOver)])
    checkTree(scene, moved, kills)
    return { ...summaryOf(moved, kills), kills }
  } finally {
    await store.kill()
    await rm(root, { recursive: true })
  }
}

/** Returns how often it was killed. It lives when this is over. */
async function killAsPlanned(
  store: ChildStore,
  { kills }: StoreKillPlan,
  isOver: () => boolean,
): Promise<number> {
  let count = 0
  for (const { moment, deadMs } of kills) {
    const hasCome = momentOf(moment, store)
    while (!isOver() && !hasCome()) await delay(LOOK_MS)
    if (isOver()) break
    await store.kill()
    count += 1
    await delay(deadMs)
    await store.revive()
  }
  return count
}

function momentOf(moment: StoreMoment, store: ChildStore): () => boolean {
  const after = 'after' in moment ? moment.after : MOMENT_MS
  const end = Date.now() + after
  const before = store.requests().length
  return () => {
    if (Date.now() >= end) return true
    if ('after' in moment) return false
    const since = store.requests().slice(before)
    return since.filter(({ operation }) => operation === moment.operation).length >= moment.count
  }
}
