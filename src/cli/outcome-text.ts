/**
 * What became of one file or object of a tree, as a line for people and as fields of an event.
 */

import { formatS3Uri } from '../store/uri.ts'
import type { Outcome, TreeAction } from '../index.ts'
import { formatSize } from '../units.ts'
import { escapeText } from './output.ts'
import { failureOf } from './report-error.ts'

/** `upload: dir/a.txt to s3://bucket/a.txt`, or why not. */
export function outcomeLine(outcome: Outcome, bucket: string): string {
  if (outcome.status === 'skipped') {
    const { name, reason, detail } = outcome
    return escapeText(
      `skipped: ${name} (${detail === undefined ? reason : `${reason}, ${detail}`})`,
    )
  }
  const { operation } = outcome
  const verb = outcome.move === true ? 'move' : operation
  const what = escapeText(namesOf(outcome, bucket))
  if (outcome.status === 'failed') {
    const { code, message } = failureOf(outcome.error)
    return `failed: ${verb} ${what}: ${code} ${escapeText(message)}`
  }
  const why = outcome.reason === 'copy' || outcome.reason === 'extra' ? '' : ` (${outcome.reason})`
  if (outcome.status === 'done') return `${verb}: ${what}${why}`
  const size = operation === 'delete' ? '' : `, ${formatSize(outcome.size)}`
  return `(dry run) ${verb}: ${what}${size}${why}`
}

/** What only some outcomes have. */
const NOT_DONE = {
  attempts: undefined,
  elapsedMs: undefined,
  lastModified: undefined,
  fileMtimeMs: undefined,
  error: undefined,
} as const

/** The same for programs. */
export function outcomeFields(outcome: Outcome, bucket: string): Record<string, unknown> {
  if (outcome.status === 'skipped') return { ...outcome }
  const {
    attempts,
    elapsedMs,
    mtimeMs: _,
    move = false,
    lastModified: __,
    fileMtimeMs: ___,
    error,
    ...rest
  } = { ...NOT_DONE, ...outcome }
  return {
    ...rest,
    bucket,
    move,
    // Of a failure: which attempt was the last.
    attempts: attempts ?? error?.context.attempt,
    elapsedMs: elapsedMs === undefined ? undefined : Math.round(elapsedMs),
    error: error === undefined ? undefined : failureOf(error),
  }
}

function namesOf({ operation, key, sourceKey, path }: TreeAction, bucket: string): string {
  const uri = formatS3Uri({ bucket, key })
  if (operation === 'copy') return `${sourceKey ?? ''} to ${uri}`
  if (operation === 'upload') return `${path ?? ''} to ${uri}`
  if (operation === 'download') return `${uri} to ${path ?? ''}`
  return path ?? uri
}
