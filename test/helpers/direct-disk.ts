/**
 * What tests must know of files past the page cache: whether there is such a thing where temporary
 * files lie, and whether a descriptor is such a file.
 */

import { closeSync, constants, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A second descriptor of a file, for direct calls; `undefined` where that is refused. */
export function openDirectly(path: string, flags: number): number | undefined {
  // Absent on other systems, whatever its type says.
  const direct = constants.O_DIRECT as number | undefined
  if (direct === undefined) return undefined
  try {
    return openSync(path, flags | direct)
  } catch {
    return undefined
  }
}

export function hasDirectDisk(): boolean {
  const path = join(tmpdir(), `transfer-engine-direct-${process.pid}`)
  closeSync(openSync(path, 'w'))
  const fd = openDirectly(path, constants.O_RDWR)
  if (fd !== undefined) closeSync(fd)
  rmSync(path)
  return fd !== undefined
}

/** Whether a descriptor passes the page cache by. */
export function isDirect(fd: number): boolean {
  const [, flags = '0'] =
    /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? []
  return (Number.parseInt(flags, 8) & constants.O_DIRECT) !== 0
}
