/**
 * Whether what is at the source goes to the destination once more: the rules of `aws s3 sync`. Times are
 * compared to the millisecond, since a file system may keep a time of S3 with an error below that.
 */

import type { TreeEntry } from './entries.ts'

/** From disk to S3, from S3 to disk. */
export type Direction = 'upload' | 'download'

/** Why something is moved, or `same` when it is not. */
export type CompareReason =
  | 'missing'
  | 'size'
  /** The source was modified after the destination. */
  | 'newer'
  /** A download, where the times differ in a way that says the file is not that object. */
  | 'time'
  | 'same'

export interface Comparison {
  readonly transfer: boolean
  readonly reason: CompareReason
}

export interface CompareRules {
  readonly direction: Direction
  /** Equal sizes are enough. @default false */
  readonly sizeOnly?: boolean | undefined
  /** For downloads: equal sizes are enough only when the times are equal too. @default false */
  readonly exactTimestamps?: boolean | undefined
}

/**
 * Compares by size and time.
 *
 * A file that was downloaded bears the time of its object. So a download, like that of the AWS CLI,
 * takes a file that is newer than its object for one that has been changed since, and fetches the
 * object again; a file that is older counts as the same unless `exactTimestamps` is set, so that an
 * object replaced by one of the same size is missed without it.
 *
 * @param destination absent when there is none
 */
export function compare(
  source: TreeEntry,
  destination: TreeEntry | undefined,
  rules: CompareRules,
): Comparison {
  if (destination === undefined) return { transfer: true, reason: 'missing' }
  if (source.size !== destination.size) return { transfer: true, reason: 'size' }
  if (rules.sizeOnly === true) return { transfer: false, reason: 'same' }
  const sourceLead = Math.round(source.mtimeMs) - Math.round(destination.mtimeMs)
  if (rules.direction !== 'download') {
    return sourceLead > 0
      ? { transfer: true, reason: 'newer' }
      : { transfer: false, reason: 'same' }
  }
  if (rules.exactTimestamps === true && sourceLead > 0) return { transfer: true, reason: 'newer' }
  return sourceLead < 0 ? { transfer: true, reason: 'time' } : { transfer: false, reason: 'same' }
}
