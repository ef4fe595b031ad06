/**
 * Files past the page cache (O_DIRECT): when it is wanted, and how such a file is opened. Bytes that
 * are read once or written once gain nothing from a cache they push everything else out of.
 *
 * Only Linux has the flag in Node. A file system that refuses it, at open or later, is used the
 * usual way: direct mode is a matter of speed, never a reason to fail.
 */

import { constants, openSync } from 'node:fs'
import { errnoOf } from './local-errors.ts'

/** How files are read and written. */
export type DiskMode = 'buffered' | 'direct' | 'auto'

/**
 * Files larger than this share of free memory pass the cache by in mode `auto`. Source: none,
 * reasonable default: what does not fit twice is not there when it is read again.
 */
const AUTO_SHARE = 0.5

/** What a file system says that has no direct mode, or not for these offsets. */
const REFUSALS: readonly string[] = ['EINVAL', 'EOPNOTSUPP', 'ENOTSUP']

/**
 * Whether a file of so many bytes is to pass the cache by.
 * @param freeMemory what the system could give away now, `os.freemem()`. Bytes.
 */
export function wantsDirect(mode: DiskMode, size: number, freeMemory: number): boolean {
  return mode === 'direct' || (mode === 'auto' && size > freeMemory * AUTO_SHARE)
}

/**
 * A second descriptor of a file, for direct calls; `undefined` where there is no such thing. The
 * caller keeps the usual one, for ends that are not aligned.
 *
 * @param flags O_RDONLY or O_RDWR; the file must exist
 * @throws what `open` throws, but for a refusal
 */
export function openDirect(path: string, flags: number): number | undefined {
  // Absent on other systems, whatever its type says.
  const direct = constants.O_DIRECT as number | undefined
  if (direct === undefined) return undefined
  try {
    return openSync(path, flags | direct | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

/** Whether an error means that a file system does not do this directly. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.includes(errnoOf(error) ?? '')
}
