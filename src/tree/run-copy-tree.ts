/**
 * A whole tree from store to store: every object, or those that differ.
 *
 *   list ─┐                          ┌─ copy → the engine's call about one object
 *         ├─ (pairs) → plan-copies ─┤
 *   list ─┘                          └─ remove, when both sides were read to their ends
 */

import type { RequestAttributes } from '../store/attributes.ts'
import { carryOut } from './carry-out.ts'
import { ObjectMover, transferring } from './object-mover.ts'
import { ObjectOptions } from './object-options.ts'
import { planCopies } from './plan-copies.ts'
import type { TreePlan } from './plan-sums.ts'
import type { TreeHost } from './run-tree.ts'
import { requestAttributesOf, sourceAttributesOf } from './run-tree.ts'
import { plannedVersions, runVersions } from './run-versions.ts'
import { removingObjects } from './source-removal.ts'
import type { CopyTreeSpec } from './sides.ts'
import type { TreeJob } from './tree-job.ts'
import type { CheckedTree } from './tree-options.ts'
import { findUnfinishedCopies } from './unfinished.ts'

/**
 * Ends when all has been done that could be; a dry run, with what would be.
 * @throws for what is wrong with the whole
 */
export async function runCopyTree(
  host: TreeHost,
  job: TreeJob,
  spec: CopyTreeSpec,
  options: CheckedTree,
): Promise<TreePlan | undefined> {
  const { store, source, objects, isOneIdentity } = host
  const { each } = options
  const { signal } = job
  const objectOptions = new ObjectOptions(each)
  const attributes = requestAttributesOf(each)
  const rules = {}
  const transfer = transferring(objects, { spec, objectOptions, rules, signal })
  const { remote } = spec
  const attributesOf = (): RequestAttributes => attributes
  const sources = options.removeSource
    ? removingObjects(source, spec.from.bucket, { attributesOf, signal })
    : undefined
  const mover = new ObjectMover({
    sources,
    transfer,
    store,
    remote,
    directories: undefined,
    temporary: undefined,
    restore: undefined,
    signal,
  })
  let heads = 0
  const looks = {
    attributes,
    sourceAttributes: sourceAttributesOf(each),
    onHead: () => (heads += 1),
  }
  const looking = { source, destination: store, ...looks }
  if (!options.dryRun) await source.route(spec.from.bucket, { signal })
  const versions = { spec, options, mover, ...looking }
  if (options.allVersions && !options.dryRun) {
    job.counts(() => mover.transferred)
    // What keeps everything from moving, no region or no credentials, is told once.
    await store.route(remote.bucket, { signal })
    await runVersions(job, versions, host.maxTransfers)
    return undefined
  }
  const { resume } = host
  const isUnfinished = await findUnfinishedCopies({ store, resume, bucket: remote.bucket, signal })
  const planned = options.allVersions
    ? plannedVersions(job, versions)
    : planCopies(job, spec, { ...options, ...looking, isUnfinished })
  const isRelayed = !isOneIdentity || each['via'] === 'relay'
  return carryOut(host, job, {
    spec,
    options,
    planned,
    objectOptions,
    mover,
    heads: () => heads,
    isRelayed,
  })
}
