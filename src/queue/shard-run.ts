/**
 * One attempt at a shard: its stretch is listed on both sides, compared, copied, and told.
 *
 * Somebody who was believed dead and is not may be at the same stretch. So what is missing is written with
 * If-None-Match, by stores that know it; who is refused looks again, and finds it in place.
 */

import { TransferError, toTransferError } from '../errors.ts'
import { compareKeys } from '../store/key-order.ts'
import type { BeforeTransfer } from '../tree/hooks.ts'
import type { FailedOutcome, Outcome, SkippedOutcome } from '../tree/outcome.ts'
import type { CopyPrefixOptions, TreeCopyHow } from '../tree/tree-options.ts'
import type { TreeTransfer } from '../tree/tree-transfer.ts'
import type { JobRecord } from './job-record.ts'
import type { ResultSender, ShardEnd } from './results.ts'
import type { Shard } from './shards.ts'

/** Looks at a stretch that others write to as well. Source: none. */
const LOOKS_MAX = 3

/** Copies a stretch as a tree; rejects for what is wrong with the whole. */
export type CopyStretch = (
  record: JobRecord,
  options: CopyPrefixOptions,
  how: TreeCopyHow,
) => TreeTransfer

export interface ShardRun {
  readonly record: JobRecord
  readonly shard: Shard
  readonly copy: CopyStretch
  readonly sender: Pick<ResultSender, 'add' | 'end'>
  /** Whether what fails now is not tried again. */
  readonly isLast: boolean
  readonly signal: AbortSignal
}

/**
 * Resolves when the coordinator has been told how the shard ended; with nothing, when it was given up.
 * @throws what is to be tried again; ERR_ABORTED, ERR_PAUSED
 */
export async function runShard(run: ShardRun): Promise<ShardEnd | undefined> {
  const { sender, isLast, signal } = run
  try {
    const { end, left } = await attempt(run)
    if (end.failed > 0 && !isLast) throw firstFailure(left)
    for (const outcome of left) await sender.add(outcome)
    await sender.end({ end })
    return end
  } catch (error) {
    const isOver = isLast && !signal.aborted
    const ending = sender.end(isOver ? { error: toTransferError(error) } : {})
    if (isOver) {
      await ending
      return undefined
    }
    // What cannot be told now is found in place by the next attempt.
    await ending.catch(() => undefined)
    throw signal.aborted ? toTransferError(signal.reason) : error
  }
}

/** Told only of the last attempt: by then others may have succeeded. */
type Left = FailedOutcome | SkippedOutcome

async function attempt(
  run: ShardRun,
): Promise<{ readonly end: ShardEnd; readonly left: readonly Left[] }> {
  const { record, shard, copy, sender, signal } = run
  const { overwrite, checksum, startedAt, options } = record
  const range = { after: shard.after, upTo: shard.upTo }
  const whole = { until: undefined, names: undefined, allVersions: false }
  const how = { overwrite, checksum, startedAt, range, ...whole }
  let isConditional = true
  for (let look = 1; ; look += 1) {
    const left: Left[] = []
    let again = 0
    const onOutcome = (outcome: Outcome): Promise<void> | undefined => {
      if (outcome.status === 'done' || outcome.status === 'planned') return sender.add(outcome)
      const code = outcome.status === 'failed' && outcome.reason === 'missing' && outcome.error.code
      // Somebody else wrote it; or the store knows no conditions.
      if (code === 'ERR_PRECONDITION_FAILED' || (isConditional && code === 'ERR_NOT_SUPPORTED')) {
        again += 1
        if (code === 'ERR_NOT_SUPPORTED') isConditional = false
      }
      left.push(outcome)
      return undefined
    }
    const onBeforeTransfer: BeforeTransfer = ({ reason }) =>
      isConditional && reason === 'missing' ? { ifNoneMatch: '*' } : undefined
    const tree = copy(record, { ...options, onBeforeTransfer, onOutcome, signal }, how)
    const { skipped, failed } = await tree
    // What was cut at its very end is no failure of the object.
    if (signal.aborted) throw toTransferError(signal.reason)
    if (again > 0 && look < LOOKS_MAX) continue
    return { end: { seen: tree.progress.seen, skipped, failed }, left }
  }
}

function firstFailure(left: readonly Left[]): TransferError {
  const failed = left.find((outcome) => outcome.status === 'failed')
  return failed?.error ?? new TransferError('ERR_INTERNAL', 'A failure that nobody was told of')
}

/** Whether a name is of a shard. */
export function isInShard({ after, upTo }: Pick<Shard, 'after' | 'upTo'>, name: string): boolean {
  if (after !== undefined && compareKeys(name, after) <= 0) return false
  return upTo === undefined || compareKeys(name, upTo) <= 0
}
