/**
 * The directories a tree comes down into. Each is made, or looked at, once: below the root none may be
 * a symbolic link, or a key could lead out of it.
 */

import { lstat, mkdir } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { assert } from '../assert.ts'
import { TransferError } from '../errors.ts'
import { errnoOf, targetError } from '../local-errors.ts'
import { syncDirectory } from '../transfer/sync-directory.ts'

export class LocalDirectories {
  readonly #root: string
  readonly #isDurable: boolean
  readonly #made = new Map<string, Promise<void>>()

  /** @param isDurable whether each is on the disk before anything is put into it */
  constructor(root: string, isDurable = false) {
    this.#root = resolve(root)
    this.#isDurable = isDurable
  }

  /**
   * Makes the directory of a file below the root, and all between.
   * @throws ERR_TARGET_UNWRITABLE where something else is in the way, a link too
   */
  makeFor(path: string): Promise<void> {
    return this.#make(dirname(path))
  }

  /** Makes the root, and all above it. @throws as `makeFor` does */
  makeRoot(): Promise<void> {
    return this.#make(this.#root)
  }

  /** Makes durable which names there are, on file systems that can. */
  async sync(): Promise<void> {
    for (const directory of this.#made.keys()) await syncDirectory(directory)
  }

  #make(directory: string): Promise<void> {
    const known = this.#made.get(directory)
    if (known !== undefined) return known
    const making = this.#makeNew(directory)
    this.#made.set(directory, making)
    // What was in the way may be gone for the next.
    making.catch(() => this.#made.delete(directory))
    return making
  }

  async #makeNew(directory: string): Promise<void> {
    try {
      if (directory === this.#root) {
        await mkdir(directory, { recursive: true })
        if (this.#isDurable) for (const above of allAbove(directory)) await syncDirectory(above)
        return
      }
      assert(directory.startsWith(this.#root + sep), 'a tree comes down below its root')
      await this.#make(dirname(directory))
      await makeOne(directory)
      // Also where it was there: whoever made it may have been killed before it was on the disk.
      if (this.#isDurable) await syncDirectory(dirname(directory))
    } catch (error) {
      throw targetError(error, directory)
    }
  }
}

/** All directories above one, from the next. */
function allAbove(directory: string): string[] {
  const parent = dirname(directory)
  return parent === directory ? [] : [parent, ...allAbove(parent)]
}

async function makeOne(directory: string): Promise<void> {
  try {
    await mkdir(directory)
    return
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  const stats = await lstat(directory)
  if (stats.isDirectory()) return
  const what = stats.isSymbolicLink() ? 'a symbolic link' : 'a file'
  const message = `${directory} is ${what}, and a directory is needed there`
  throw new TransferError('ERR_TARGET_UNWRITABLE', message, { path: directory })
}
