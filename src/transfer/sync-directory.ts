/** Names of files last when the directory they are in has been synced. */

import { open } from 'node:fs/promises'
import { errnoOf, targetError } from '../local-errors.ts'

/**
 * Makes the names in a directory durable. One that cannot be synced (not every file system can) is no
 * failure; one the disk cannot write is.
 */
export async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errnoOf(error) === 'EIO') throw targetError(error, directory)
  }
}
