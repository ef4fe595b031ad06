/** A disk that is soon full, for tests that may mount one. */

import { execFileSync } from 'node:child_process'

/** Mounts a tmpfs of so many bytes; false where that is not allowed. The caller unmounts it. */
export function mountSmallDisk(directory: string, size: number): boolean {
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]
    execFileSync('mount', options, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
