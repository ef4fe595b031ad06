/**
 * Whether what is at the source goes to the destination once more: the rules of `aws s3 sync`, and by
 * checksum. Times are compared to the millisecond, since a file system may keep a time of S3 with
 * an error below that.
 */

import type { TreeEntry } from './entries.ts'

/** From disk to S3, from S3 to disk, from S3 to S3. */
export type Direction = 'upload' | 'download' | 'copy'

/** Why something is moved, or `same` when it is not. */
export type CompareReason =
  | 'missing'
  | 'size'
  /** The source was modified after the destination. */
  | 'newer'
  /** A download, where the times differ in a way that says the file is not that object. */
  | 'time'
  | 'checksum'
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

/** What is known of the contents; `unknown` where one side has no checksum to compare. */
export type ChecksumVerdict = 'equal' | 'different' | 'unknown'

/** Compares contents of equal size. Called for pairs whose sizes are equal only. */
export type ChecksumComparer = (
  source: TreeEntry,
  destination: TreeEntry,
) => ChecksumVerdict | Promise<ChecksumVerdict>

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

/**
 * Compares by contents; by size and time where nothing is known of the contents.
 * @throws (rejects) what `comparer` throws
 */
export async function compareByChecksum(
  source: TreeEntry,
  destination: TreeEntry | undefined,
  rules: CompareRules,
  comparer: ChecksumComparer,
): Promise<Comparison> {
  if (destination === undefined) return { transfer: true, reason: 'missing' }
  if (source.size !== destination.size) return { transfer: true, reason: 'size' }
  switch (await comparer(source, destination)) {
    case 'equal':
      return { transfer: false, reason: 'same' }
    case 'different':
      return { transfer: true, reason: 'checksum' }
    case 'unknown':
      return compare(source, destination, rules)
  }
}
