/**
 * Tells what would be done, and does nothing.
 */

import { toTransferError } from '../errors.ts'
import type { TreeAction } from './outcome.ts'
import { PlanSums, type PartSizes } from './plan-sums.ts'
import type { TreeJob } from './tree-job.ts'

/** The sums of a plan that was read to its end. */
export async function dryRun(
  actions: AsyncIterable<TreeAction>,
  job: TreeJob,
  sizesOf: (action: TreeAction) => PartSizes,
  relayed = false,
): Promise<PlanSums> {
  const sums = new PlanSums()
  for await (const action of actions) {
    job.check()
    try {
      sums.add(action, sizesOf(action), relayed)
    } catch (error) {
      // One that no store can hold would fail by itself.
      await job.ended({ ...action, status: 'failed', error: toTransferError(error) })
      continue
    }
    await job.ended({ ...action, status: 'planned' })
  }
  job.check()
  return sums
}
