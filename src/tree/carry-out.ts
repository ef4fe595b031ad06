/**
 * The second half of every tree: hooks have their say, a dry run adds up, the rest is done.
 */

import { afterHook, hookedActions } from './hooks.ts'
import { dryRun } from './dry-run.ts'
import type { ObjectMover } from './object-mover.ts'
import type { ObjectOptions } from './object-options.ts'
import type { Outcome, TreeAction } from './outcome.ts'
import type { PartSizes, TreePlan } from './plan-sums.ts'
import { runActions } from './run-actions.ts'
import { StartOrder } from './start-order.ts'
import type { TreeHost } from './run-tree.ts'
import type { CopyTreeSpec, TreeSpec } from './sides.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree } from './tree-options.ts'

export interface Planned {
  readonly spec: TreeSpec | CopyTreeSpec
  readonly options: CheckedTree
  readonly planned: AsyncIterable<TreeAction>
  readonly objectOptions: ObjectOptions
  readonly mover: ObjectMover
  /** Requests that planning took beside listings. */
  readonly heads: () => number
  /** Whether the bytes of copies come through here. */
  readonly isRelayed: boolean
}

/** The sums of a dry run; nothing once all else is done. */
export async function carryOut(
  host: TreeHost,
  job: TreeJob,
  { spec, options, planned, objectOptions, mover, heads, isRelayed }: Planned,
): Promise<TreePlan | undefined> {
  const { onBeforeTransfer: before, onAfterTransfer: after } = options
  const { signal } = job
  job.counts(() => mover.transferred)
  const hooking = { spec, job, objectOptions, checkEach: options.checkEach }
  const hooked = (plan: AsyncIterable<TreeAction>): AsyncIterable<TreeAction> =>
    before === undefined ? plan : hookedActions(plan, before, hooking)
  if (options.dryRun) {
    const { limits, keysPerDelete } = (await host.store.settings()).profile
    const sizesOf = (action: TreeAction): PartSizes => ({
      limits,
      ...host.sizes,
      ...(objectOptions.of(action) as PartSizes),
    })
    const sums = await dryRun(hooked(planned), job, sizesOf, isRelayed)
    return sums.total({ pages: job.pages, heads: heads(), keysPerDelete })
  }
  // What keeps everything from moving, no region or no credentials, is told once.
  await host.store.route(spec.remote.bucket, { signal })
  const order = new StartOrder(host.maxTransfers)
  await runActions(hooked(order.of(planned)), {
    mover,
    order,
    // So that the next is there when one of them ends.
    window: 2 * host.maxTransfers,
    onOutcome: async (outcome) => {
      const told = options.overwrite === 'never' ? unlessThere(outcome) : outcome
      await job.ended(after === undefined ? told : await afterHook(told, after))
    },
    check: () => job.check(),
    checkRemoval: () => job.checkRemoval(),
    signal,
  })
  return undefined
}

/** Where nothing is to be replaced, what somebody else was quicker to write is left alone. */
function unlessThere(outcome: Outcome): Outcome {
  const isThere = outcome.status === 'failed' && outcome.error.code === 'ERR_PRECONDITION_FAILED'
  return isThere ? { status: 'skipped', name: outcome.name, reason: 'exists' } : outcome
}
