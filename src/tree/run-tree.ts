/**
 * A whole tree, from one side to the other: every file or object, or those that differ.
 *
 *   walk ─┐                        ┌─ copy → the engine's call about one object
 *         ├─ (pairs) → plan → ────┤
 *   list ─┘                        └─ remove, when both sides were read to their ends
 */

import { validateAttributes, type RequestAttributes } from '../store/attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { EarlierJobs } from '../transfer/earlier-jobs.ts'
import { ChecksumVerdicts, type DigestFile } from './checksum-compare.ts'
import { dryRun } from './dry-run.ts'
import { afterHook, hookedActions } from './hooks.ts'
import { LocalDirectories } from './local-directories.ts'
import { ObjectMover, transferring, type ObjectTransfers } from './object-mover.ts'
import { ObjectOptions } from './object-options.ts'
import type { TreeAction } from './outcome.ts'
import type { PartSizes, TreePlan } from './plan-sums.ts'
import { planTree } from './plan-tree.ts'
import { restorePreserved, restoreTime } from './preserve.ts'
import { runActions } from './run-actions.ts'
import type { TreeSpec } from './sides.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree } from './tree-options.ts'
import { findUnfinished } from './unfinished.ts'
import { foldingOf } from './watch-names.ts'

export interface TreeHost {
  readonly store: ObjectStore
  readonly objects: ObjectTransfers
  /** Transfers worked on at a time. */
  readonly maxTransfers: number
  readonly digest: DigestFile
  /** What earlier processes left. */
  readonly earlier: EarlierJobs
  /** Of the engine. */
  readonly sizes: PartSizes
}

/**
 * Ends when all has been done that could be; a dry run, with what would be.
 * @throws for what is wrong with the whole
 */
export async function runTree(
  host: TreeHost,
  job: TreeJob,
  spec: TreeSpec,
  options: CheckedTree,
): Promise<TreePlan | undefined> {
  const { direction, local, remote } = spec
  const directories = direction === 'download' ? new LocalDirectories(local.root) : undefined
  const { each, onBeforeTransfer: before, onAfterTransfer: after } = options
  const { signal } = job
  const objectOptions = new ObjectOptions(each)
  const { bucket } = remote
  const { store, objects, digest } = host
  const transfer = transferring(objects, spec, objectOptions, signal)
  const restore = options.preserve ? restorePreserved : restoreTime
  const mover = new ObjectMover({ transfer, store, remote, directories, restore, signal })
  job.counts(() => mover.transferred)
  const fold = foldingOf(local.root, options.dryRun ? undefined : directories)
  const attributes = requestAttributesOf(each)
  const verdicts = options.checksum
    ? new ChecksumVerdicts({ store, bucket, digest, attributes, signal })
    : undefined
  const { earlier } = host
  const isUnfinished = await findUnfinished({ store, earlier, direction, bucket, signal })
  const planning = { ...options, fold, objectOptions, verdicts, isUnfinished }
  const planned = planTree(store, job, spec, planning)
  const hooking = { spec, job, objectOptions, checkEach: options.checkEach }
  const actions = before === undefined ? planned : hookedActions(planned, before, hooking)
  if (options.dryRun) {
    const sizesOf = (action: TreeAction): PartSizes => ({
      ...host.sizes,
      ...(objectOptions.of(action) as PartSizes),
    })
    const sums = await dryRun(actions, job, sizesOf)
    return sums.total({ pages: job.pages, heads: verdicts?.heads ?? 0 })
  }
  // What keeps everything from moving, no region or no credentials, is told once.
  await store.route(bucket, { signal })
  await runActions(actions, {
    mover,
    // So that the next is there when one of them ends.
    window: 2 * host.maxTransfers,
    onOutcome:
      after === undefined
        ? (outcome) => job.ended(outcome)
        : async (outcome) => job.ended(await afterHook(outcome, after)),
    check: () => job.check(),
    checkRemoval: () => job.checkRemoval(),
    signal,
  })
  await directories?.sync()
  job.check()
  return undefined
}

/** What of the options of an object is said of a request that only looks at it. */
function requestAttributesOf(each: CheckedTree['each']): RequestAttributes {
  const { sseCustomerKey, requestPayer, expectedBucketOwner } = each as RequestAttributes
  return validateAttributes({ sseCustomerKey, requestPayer, expectedBucketOwner })
}
