/**
 * Finds out what the file system of a directory takes for one name, by making a file: neither the
 * platform nor the kind of file system tells, since both can be set for a volume or a directory.
 */

import { lstat, open, unlink } from 'node:fs/promises'
import { errnoOf, targetError } from '../local-errors.ts'
import { childPath } from './read-directory.ts'
import type { FoldRules } from './collisions.ts'

/** In composed form: an e with an acute accent that is one character. */
const COMPOSED = '\u00e9'

/**
 * Makes an empty file, looks for it under other names, and removes it.
 * @param directory must exist
 * @throws (rejects) ERR_TARGET_UNWRITABLE, ERR_DISK_FULL and others of a target
 */
export async function probeCase(directory: string): Promise<FoldRules> {
  const random = Math.floor(Math.random() * 2 ** 32)
  const name = `.transfer-engine-probe-${random.toString(16).padStart(8, '0')}`
  const path = childPath(directory, `${name}-${COMPOSED}`)
  try {
    await (await open(path, 'wx', 0o600)).close()
    try {
      const upper = childPath(directory, `${name.toUpperCase()}-${COMPOSED}`)
      const decomposed = childPath(directory, `${name}-${COMPOSED.normalize('NFD')}`)
      return { foldsCase: await exists(upper), foldsNormalForm: await exists(decomposed) }
    } finally {
      await unlink(path)
    }
  } catch (error) {
    throw targetError(error, directory)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
