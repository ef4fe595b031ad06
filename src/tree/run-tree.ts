/**
 * A whole tree, from one side to the other: every file or object, or those that differ.
 *
 *   walk ─┐                        ┌─ copy → the engine's call about one object
 *         ├─ (pairs) → plan → ────┤
 *   list ─┘                        └─ remove, when both sides were read to their ends
 */

import { validateAttributes, type RequestAttributes } from '../store/attributes.ts'
import type { Restore } from '../file-attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { ResumeSettings } from '../transfer/resume-settings.ts'
import { carryOut } from './carry-out.ts'
import { ChecksumVerdicts, type DigestFile } from './checksum-compare.ts'
import { LocalDirectories } from './local-directories.ts'
import { ObjectMover, transferring, type ObjectTransfers } from './object-mover.ts'
import { ObjectOptions } from './object-options.ts'
import type { TreeAction } from './outcome.ts'
import type { PartSizes, TreePlan } from './plan-sums.ts'
import { planTree } from './plan-tree.ts'
import type { TreeSpec } from './sides.ts'
import { removingFiles, removingObjects, type SourceRemoval } from './source-removal.ts'
import { sweepTemporary } from './sweep-temporary.ts'
import { TemporaryFiles } from './temporary-files.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree, CopyPrefixOptions } from './tree-options.ts'
import { findUnfinished } from './unfinished.ts'
import { foldingOf } from './watch-names.ts'

export interface TreeHost {
  readonly store: ObjectStore
  /** Where copies come from. */
  readonly source: ObjectStore
  /** Whether one store can copy by itself. */
  readonly isOneIdentity: boolean
  readonly objects: ObjectTransfers
  /** Transfers worked on at a time. */
  readonly maxTransfers: number
  readonly digest: DigestFile
  /** What earlier processes left, and this one writes down. */
  readonly resume: Pick<ResumeSettings, 'earlier' | 'stateDirectory' | 'warn'>
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
  const { each, removeSource } = options
  const directories =
    direction === 'download' ? new LocalDirectories(local.root, removeSource) : undefined
  const { signal } = job
  const objectOptions = new ObjectOptions(each)
  const { bucket } = remote
  const { store, objects, digest } = host
  if (!options.dryRun) await sweepTemporary(host.resume, { root: local.root, signal })
  const temporary = directories && new TemporaryFiles(local.root, host.resume)
  const restore: Restore = options.preserve ? 'preserved' : 'time'
  const rules = { restore, token: temporary?.token } as const
  const attributes = requestAttributesOf(each)
  const asked = { spec, objectOptions, rules, fsync: removeSource, signal }
  const transfer = transferring(objects, asked)
  const attributesOf = (action: TreeAction): RequestAttributes => {
    const own = objectOptions.of(action)
    return own === each ? attributes : requestAttributesOf(own)
  }
  let sources: SourceRemoval | undefined
  if (removeSource) {
    const isUpload = direction === 'upload'
    sources = isUpload ? removingFiles : removingObjects(store, bucket, { attributesOf, signal })
  }
  const moving = { transfer, store, remote, directories, temporary, restore, sources, signal }
  const mover = new ObjectMover(moving)
  const fold = foldingOf(local.root, options.dryRun ? undefined : directories)
  const verdicts = options.checksum
    ? new ChecksumVerdicts({ store, bucket, digest, attributes, signal })
    : undefined
  const { earlier } = host.resume
  const isUnfinished = await findUnfinished({ store, earlier, direction, bucket, signal })
  const planning = { ...options, fold, objectOptions, verdicts, isUnfinished }
  const planned = planTree(store, job, spec, planning)
  const heads = (): number => verdicts?.heads ?? 0
  const tree = { spec, options, planned, objectOptions, mover, heads, isRelayed: false }
  let plan: TreePlan | undefined
  try {
    plan = await carryOut(host, job, tree)
  } finally {
    await temporary?.end()
  }
  if (options.dryRun) return plan
  await directories?.sync()
  job.check()
  return undefined
}

/** Of requests at the source of copies that only look: it may have a key of its own. */
export function sourceAttributesOf(each: CheckedTree['each']): RequestAttributes {
  const { sourceCustomerKey, requestPayer } = each as Pick<
    CopyPrefixOptions,
    'sourceCustomerKey' | 'requestPayer'
  >
  return validateAttributes({ sseCustomerKey: sourceCustomerKey, requestPayer })
}

/** What of the options of an object is said of a request that only looks at it. */
export function requestAttributesOf(each: CheckedTree['each']): RequestAttributes {
  const { sseCustomerKey, requestPayer, expectedBucketOwner } = each as RequestAttributes
  return validateAttributes({ sseCustomerKey, requestPayer, expectedBucketOwner })
}
