/** Whether a disk has room for what a workload moves. */

import { statfs } from 'node:fs/promises'

/** A file takes whole blocks of this. Bytes. Source: the default of ext4, xfs and btrfs. */
const BLOCK = 4096

/** Left over for everything else: the disk should not run full. Bytes. */
const MARGIN = 512 * 1024 * 1024

/** Bytes that `count` files of `size` take on a disk. */
export function bytesOnDisk(count: number, size: number): number {
  return count * Math.max(BLOCK, Math.ceil(size / BLOCK) * BLOCK)
}

/** Bytes that are missing below `directory` to store those files; 0 when they have room. */
export async function missingSpace(
  directory: string,
  count: number,
  size: number,
): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return Math.max(0, bytesOnDisk(count, size) + MARGIN - bavail * bsize)
}
