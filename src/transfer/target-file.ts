/**
 * The file a download ends in. It is either what it was or the complete verified new one: bytes go
 * to a temporary file beside it, which takes its name in the last step and is removed otherwise.
 *
 *   create | reopen → (workers write at offsets) → commit: fsync, time, mode, rename, fsync of the directory
 *                                                ↘ discard
 *                                                ↘ keep
 */

import { constants, type Stats } from 'node:fs'
import { chmod, lstat, open, rename, rm, statfs, utimes, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { TransferError, type ErrorContext } from '../errors.ts'
import type { FileAttributes } from '../file-attributes.ts'
import type { FileNode } from '../journal/records.ts'
import { errnoOf, targetError } from '../local-errors.ts'
import {
  modeOver,
  REOPEN_FLAGS,
  TEMPORARY_FLAGS,
  TEMPORARY_MODE,
  temporaryPath,
} from '../local-target.ts'
import type { DiskMode } from '../options.ts'
import type { ByteLocation } from '../pool/protocol.ts'
import { formatSize } from '../units.ts'
import { openDirect, wantsDirect } from './direct-disk.ts'
import { syncDirectory } from './sync-directory.ts'

export interface TemporaryOptions {
  /** Is told the path of the temporary file before it is made. */
  readonly before?: ((temporary: string) => Promise<void>) | undefined
  /** Stands in its name. Hexadecimal. */
  readonly token?: string | undefined
}

export class TargetFile {
  readonly path: string
  readonly #temporary: string
  readonly #file: FileHandle
  readonly #mode: number
  readonly #context: ErrorContext
  #direct: FileHandle | undefined
  #isOpen = true

  private constructor(
    path: string,
    temporary: string,
    file: FileHandle,
    mode: number,
    context: ErrorContext,
  ) {
    this.path = path
    this.#temporary = temporary
    this.#file = file
    this.#mode = mode
    this.#context = context
  }

  /**
   * Checks what can be checked before the first byte, and creates the temporary file with its
   * final size (sparse).
   *
   * @throws ERR_TARGET_IS_DIRECTORY, ERR_TARGET_UNWRITABLE, ERR_DISK_FULL
   */
  static async create(
    path: string,
    size: number,
    context: ErrorContext,
    { before, token }: TemporaryOptions = {},
  ): Promise<TargetFile> {
    const target = resolve(path)
    const mode = await modeOf(target, path, context)
    await checkSpace(dirname(target), path, size, context)
    const temporary = temporaryPath(target, token)
    await before?.(temporary)
    let file: FileHandle | undefined
    try {
      file = await open(temporary, TEMPORARY_FLAGS, TEMPORARY_MODE)
      await file.truncate(size)
      return new TargetFile(target, temporary, file, mode, context)
    } catch (error) {
      await file?.close()
      if (file !== undefined) await rm(temporary, { force: true })
      throw targetError(error, path, context)
    }
  }

  /**
   * Takes up a temporary file that an earlier process left, with what is in it. `undefined` when it is
   * not the one that is meant.
   *
   * @throws ERR_TARGET_IS_DIRECTORY, ERR_TARGET_UNWRITABLE
   */
  static async reopen(
    path: string,
    earlier: { readonly temporary: string; readonly file: FileNode },
    context: ErrorContext,
  ): Promise<TargetFile | undefined> {
    const target = resolve(path)
    const mode = await modeOf(target, path, context)
    const { temporary } = earlier
    let file: FileHandle | undefined
    try {
      file = await open(temporary, REOPEN_FLAGS)
      const { dev, ino } = await file.stat({ bigint: true })
      if (dev === earlier.file.dev && ino === earlier.file.ino) {
        return new TargetFile(target, temporary, file, mode, context)
      }
      await file.close()
      return undefined
    } catch (error) {
      await file?.close()
      throw targetError(error, path, context)
    }
  }

  /** Which file it is. */
  async node(): Promise<FileNode> {
    const { dev, ino } = await this.#file.stat({ bigint: true })
    return { dev, ino }
  }

  /** Has workers pass the page cache by, where the mode asks for it and it is to be had. */
  async passCache(mode: DiskMode, size: number): Promise<void> {
    if (this.#direct !== undefined || !wantsDirect(mode, size)) return
    this.#direct = await openDirect(this.#file, constants.O_RDWR)
  }

  /** Whether workers pass the page cache by. */
  get isDirect(): boolean {
    return this.#direct !== undefined
  }

  /** A place in the file for workers, until `commit` or `discard`. */
  location(offset: number): ByteLocation {
    return { kind: 'file', fd: this.#file.fd, direct: this.#direct?.fd, offset }
  }

  /**
   * Gives the bytes the final name, and makes both durable unless that is not wanted.
   * @param before is told the modification time just before that
   * @param attributes which the file bears from the moment it has its name
   */
  async commit(
    before: (mtimeNs: bigint) => Promise<void> = () => Promise.resolve(),
    fsync = true,
    { mtimeMs, permissions = this.#mode }: FileAttributes = {},
  ): Promise<void> {
    try {
      if (fsync) await this.#file.sync()
      // The last write to it is done, so that nothing changes the time any more.
      if (mtimeMs !== undefined) await this.#file.utimes(Date.now() / 1000, mtimeMs / 1000)
      const { mtimeNs } = await this.#file.stat({ bigint: true })
      await before(mtimeNs)
      // One that may not be written any more could not be taken up again, should this process die first.
      await this.#file.chmod(permissions)
      await this.#close()
      await rename(this.#temporary, this.path)
    } catch (error) {
      throw targetError(error, this.path, this.#context)
    }
    if (fsync) await syncDirectory(dirname(this.path))
  }

  /** Leaves the temporary file for a resume. */
  async keep(): Promise<void> {
    await this.#close()
  }

  /**
   * Removes the temporary file; the target stays what it was. Returns what could not be removed:
   * the failure that led here matters more than this one.
   */
  async discard(): Promise<string | undefined> {
    try {
      await this.#close()
      await rm(this.#temporary, { force: true })
      return undefined
    } catch {
      return this.#temporary
    }
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#direct?.close()
    await this.#file.close()
  }
}

/** Gives them to a file that has its name. */
export async function setAttributes(
  path: string,
  { mtimeMs, permissions }: FileAttributes,
): Promise<void> {
  try {
    if (permissions !== undefined) await chmod(path, permissions)
    if (mtimeMs !== undefined) await utimes(path, Date.now() / 1000, mtimeMs / 1000)
  } catch (error) {
    throw targetError(error, path)
  }
}

/** Permissions for the new file. */
async function modeOf(target: string, path: string, context: ErrorContext): Promise<number> {
  let existing: Stats | undefined
  try {
    existing = await lstat(target)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw targetError(error, path, context)
  }
  return modeOver(existing, path, context)
}

async function checkSpace(
  directory: string,
  path: string,
  size: number,
  context: ErrorContext,
): Promise<void> {
  let free: number
  try {
    const { bavail, blocks, bsize } = await statfs(directory)
    // File systems without a size of their own (some of FUSE and of networks) tell nothing.
    free = blocks === 0 ? Infinity : bavail * bsize
  } catch (error) {
    throw targetError(error, path, context)
  }
  if (free >= size) return
  const message = `${path} needs ${formatSize(size)}, its disk has ${formatSize(free)} free`
  throw new TransferError('ERR_DISK_FULL', message, { ...context, path })
}
