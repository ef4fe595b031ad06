/**
 * The file a move came from: noted before it is read, removed if it is still that file. What has been
 * given a name by a link is removed by that name; the file the link leads to stays.
 */

import type { BigIntStats } from 'node:fs'
import { lstat, stat, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TransferError } from '../errors.ts'
import { errnoOf, removalError } from '../local-errors.ts'

/** What a name leads to. Not the time of its inode, which changes when one of several names is removed. */
interface Identity {
  readonly name: string
  /** `undefined` behind a link that leads nowhere. */
  readonly content: string | undefined
}

export class CopiedFile {
  readonly #path: string
  readonly #identity: Identity | undefined

  private constructor(path: string, identity: Identity | undefined) {
    this.#path = path
    this.#identity = identity
  }

  /** To be called before the file is opened. What is not there is told by whoever opens it. */
  static async note(path: string): Promise<CopiedFile> {
    const absolute = resolve(path)
    return new CopiedFile(absolute, await identityOf(absolute).catch(() => undefined))
  }

  /**
   * Removes the name; one that is gone counts as removed.
   * @throws ERR_SOURCE_CHANGED, ERR_TARGET_UNWRITABLE, ERR_DISK_IO
   */
  async remove(): Promise<void> {
    try {
      const now = await identityOf(this.#path)
      const { name, content } = this.#identity ?? {}
      const isSame = now.content === undefined || now.content === content
      if (now.name !== name || !isSame) throw changed(this.#path)
      await unlink(this.#path)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw removalError(error, this.#path)
    }
  }
}

/** By the calls with `bigint`: neither an inode nor a time in nanoseconds fits into a number. */
async function identityOf(path: string): Promise<Identity> {
  const own = await lstat(path, { bigint: true })
  const name = `${own.dev}:${own.ino}`
  if (!own.isSymbolicLink()) return { name, content: contentOf(own) }
  try {
    return { name, content: contentOf(await stat(path, { bigint: true })) }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    return { name, content: undefined }
  }
}

function contentOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`
}

function changed(path: string): TransferError {
  const message = `${path} is no longer the file that was copied`
  return new TransferError('ERR_SOURCE_CHANGED', message, { path })
}
