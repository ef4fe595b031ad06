/**
 * What became of an object, as a line of a job: what `--retry-failed` and people read.
 */

import type { Outcome } from '../tree/outcome.ts'

/** Plain data; of an error its code, sentence and context. */
export function outcomeRecord(outcome: Outcome, bucket: string): Record<string, unknown> {
  if (outcome.status === 'skipped') return { ...outcome }
  const { mtimeMs: _, ...rest } = outcome
  if (rest.status !== 'failed') return { ...rest, bucket }
  const { code, message, context, retryable } = rest.error
  return { ...rest, bucket, error: { code, message, retryable, context } }
}
