/**
 * What the doctor says: one finding for each thing it looked at. Results are words a script may compare.
 */

import type { TransferError } from '../errors.ts'

/** What is looked at. Names are API, as are the results. */
export type ProbeName =
  | 'reach'
  | 'identity'
  | 'addressing'
  | 'clock'
  | 'list'
  | 'start-after'
  | 'encoding-type'
  | 'write'
  | 'read'
  | 'head'
  | 'range'
  | 'if-match-read'
  | 'if-none-match-write'
  | 'if-match-write'
  | 'checksum-crc32'
  | 'checksum-crc32c'
  | 'checksum-crc64nvme'
  | 'checksum-sha256'
  | 'content-md5'
  | 'payload-hash'
  | 'multipart'
  | 'multipart-etag'
  | 'multipart-checksum'
  | 'unequal-parts'
  | 'list-parts'
  | 'abort'
  | 'list-uploads'
  | 'copy'
  | 'part-copy'
  | 'tagging'
  | 'attributes'
  | 'delete'
  | 'delete-objects'
  | 'keep-alive'
  | 'latency'
  | 'rate-up'
  | 'rate-down'
  | 'host'
  | 'open-files'
  | 'disk'
  | 'clean-up'

export interface Finding {
  readonly probe: ProbeName
  /** One word, or a figure with its unit. */
  readonly result: string
  /**
   * `good`; `note`: works otherwise than on S3, or less well; `bad`: something the engine needs is
   * missing; `skipped`: could not be looked at, and why is said.
   */
  readonly verdict: 'good' | 'note' | 'bad' | 'skipped'
  /** What it means, as a sentence. */
  readonly meaning: string
  /** The right that is missing, as AWS policies name it. */
  readonly right?: string | undefined
  /** The figure behind the result: milliseconds, bytes, or bytes per second. */
  readonly value?: number | undefined
}

/** A setting that fits what was found. */
export interface Advice {
  /** Flag of the command, or name of the engine's option where it has none. */
  readonly setting: string
  readonly value?: string | undefined
  readonly reason: string
}

/** Where a store does otherwise than its profile says. */
export interface Difference {
  readonly probe: ProbeName
  readonly expected: string
  readonly found: string
}

export function finding(
  probe: ProbeName,
  result: string,
  verdict: Finding['verdict'],
  meaning: string,
  more: Pick<Finding, 'right' | 'value'> = {},
): Finding {
  return { probe, result, verdict, meaning, ...more }
}

/** What could not be looked at. */
export function skipped(probe: ProbeName, why: string): Finding {
  return finding(probe, 'skipped', 'skipped', why)
}

/**
 * A refusal that stands for no answer to the question: of rights, or of anything else.
 * @param right that is needed
 * @param needed whether the engine needs it; otherwise it is a note
 */
export function refusal(
  probe: ProbeName,
  error: TransferError,
  right: string,
  needed: boolean,
): Finding {
  const verdict = needed ? 'bad' : 'note'
  if (error.code !== 'ERR_ACCESS_DENIED') {
    return finding(probe, 'failed', verdict, `${error.code}: ${error.message}`)
  }
  const without = needed ? 'the engine needs it' : 'only what is said here depends on it'
  return finding(probe, 'denied', verdict, `The right ${right} is missing; ${without}.`, { right })
}
