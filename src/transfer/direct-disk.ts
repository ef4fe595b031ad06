/**
 * Files past the page cache (O_DIRECT): when that is wanted, and how such a file is opened. Bytes
 * that are read once or written once gain nothing from a cache they push everything else out of.
 *
 * Direct mode is a matter of speed, never a reason to fail: where it cannot be had, files are used
 * the usual way. Only Linux has the flag in Node.
 */

import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { freemem } from 'node:os'
import type { DiskMode } from '../options.ts'

/**
 * Files larger than this share of free memory pass the cache by in mode `auto`. Source: none,
 * reasonable default: what does not fit twice is not there when it is read again.
 */
const AUTO_SHARE = 0.5

/**
 * Whether a file is to pass the cache by.
 * @param size of the file. Bytes
 * @param freeMemory what could be given away now. Bytes
 */
export function wantsDirect(
  mode: DiskMode,
  size: number,
  freeMemory: () => number = memoryLeft,
): boolean {
  return mode === 'direct' || (mode === 'auto' && size > freeMemory() * AUTO_SHARE)
}

/** Of the system, or of the container if that has less. */
function memoryLeft(): number {
  return Math.min(freemem(), process.availableMemory())
}

/**
 * Opens an open file once more, for direct calls; `undefined` where that is not to be had. The
 * usual handle stays in use, for ends that are not aligned.
 *
 * @param flags O_RDONLY or O_RDWR
 */
export async function openDirect(file: FileHandle, flags: number): Promise<FileHandle | undefined> {
  // Absent on other systems, whatever its type says.
  const direct = constants.O_DIRECT as number | undefined
  if (direct === undefined) return undefined
  try {
    // Not by its path, at which another file may be by now.
    return await open(`/proc/self/fd/${file.fd}`, flags | direct)
  } catch {
    return undefined
  }
}
