/**
 * The ranges of a download into a file: those that are missing are fetched, those that are there are
 * passed over.
 */

import { assert } from '../assert.ts'
import type { PartDigest } from '../checksum/combine.ts'
import { rangeOf, type DownloadPlan } from '../plan/download-plan.ts'
import { DIRECT_STEP } from '../plan/memory-budget.ts'
import type { ByteRange } from '../plan/ranges.ts'
import { fetchRange, type FetchSpec } from './fetch-range.ts'
import { PartWindow } from './part-window.ts'
import type { TargetFile } from './target-file.ts'
import type { TransferRun } from './transfer-run.ts'

/** What is fetched, and what need not be. */
export interface RangesPlan {
  readonly plan: DownloadPlan
  readonly fetch: FetchSpec
  /** Ranges that are in the file, by index. */
  readonly kept?: ReadonlyMap<number, Uint8Array> | undefined
  /** Hears of each range that arrived. */
  readonly onArrival?: ((range: ByteRange, digest: Uint8Array) => void) | undefined
}

export function rangeCount(plan: DownloadPlan): number {
  return plan.kind === 'ranges' ? plan.parts : plan.kind === 'single' ? 1 : 0
}

/**
 * Fetches every range that is missing; returns the checksums of all. When it returns or throws, no
 * worker uses the file any more.
 */
export async function fetchRanges(
  run: TransferRun,
  ranges: RangesPlan,
  target: TargetFile,
): Promise<readonly PartDigest[]> {
  const { plan, fetch, kept, onArrival } = ranges
  const digests: (PartDigest | undefined)[] = []
  const window = new PartWindow(run, 'GetObject')
  const count = rangeCount(plan)
  try {
    for (let index = 0; index < count; index += 1) {
      const range = rangeOf(plan, index)
      const known = kept?.get(index)
      if (known !== undefined) {
        digests[index] = { digest: known, length: range.length }
        continue
      }
      await window.room()
      const note = (arrived: PartDigest): void => {
        digests[index] = arrived
        onArrival?.(range, arrived.digest)
      }
      const release = target.isDirect ? await pagesFor(run) : undefined
      const sink = target.location(range.offset)
      window.add(
        fetchRange(run, fetch, range, index + 1, sink)
          .then(note)
          .finally(release),
      )
    }
    await window.drained()
  } catch (error) {
    run.stop(error)
    await window.settled()
    throw run.failure(error)
  }
  return Array.from({ length: count }, (_, index) => {
    const digest = digests[index]
    assert(digest !== undefined, `range ${index} has arrived`)
    return digest
  })
}

/** Memory for the pages a range is gathered in. Resolves with how to give it back. */
function pagesFor({ env, sequence, stopping }: TransferRun): Promise<() => void> {
  return env.scheduler.memory.acquire(DIRECT_STEP, sequence, stopping)
}
