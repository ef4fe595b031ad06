/**
 * Rules for the file a download ends in, the same for coordinator and workers: bytes go to a
 * temporary file beside it, which takes its name in the last step.
 */

import { constants, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { TransferError, type ErrorContext } from './errors.ts'

/** Longest file name. Bytes. Source: NAME_MAX of Linux, macOS and Windows file systems. */
const NAME_BYTES_MAX = 255

/** How a temporary file is opened: it must be new, and no link. */
export const TEMPORARY_FLAGS =
  constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)

/** How one that is there is opened: never through a link. */
export const REOPEN_FLAGS = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)

/** How the name of one with a token ends. */
const TEMPORARY_END = /\.([0-9a-f]+)\.[0-9a-f]{8}\.part$/

/** Its mode until it takes its name. */
export const TEMPORARY_MODE = 0o600

/**
 * Permissions for the new file: those of the file it replaces, else what the umask leaves.
 * @param existing what `lstat` says of the target; absent if there is nothing
 * @throws ERR_TARGET_IS_DIRECTORY, ERR_TARGET_UNWRITABLE
 */
export function modeOver(
  existing: Stats | undefined,
  path: string,
  context: ErrorContext = {},
): number {
  // A symbolic link is replaced, never written through.
  if (existing === undefined || existing.isSymbolicLink()) return 0o666 & ~process.umask()
  if (existing.isFile()) return existing.mode & 0o777
  const where = { ...context, path }
  if (existing.isDirectory()) {
    throw new TransferError('ERR_TARGET_IS_DIRECTORY', `${path} is a directory`, where)
  }
  const message = `${path} is neither a file nor free; read the object as a stream instead`
  throw new TransferError('ERR_TARGET_UNWRITABLE', message, where)
}

/**
 * A path beside the target: `.<name>.<8 hex>.part`, cut so that it is a legal name.
 * @param token stands before the random part: whoever finds it knows whose the file is
 */
export function temporaryPath(target: string, token?: string): string {
  // Only to be free: the file is opened so that neither a file nor a link can be there.
  const random = Math.floor(Math.random() * 2 ** 32)
  const owner = token === undefined ? '' : `.${token}`
  const suffix = `${owner}.${random.toString(16).padStart(8, '0')}.part`
  let kept = basename(target)
  while (Buffer.byteLength(`.${kept}${suffix}`) > NAME_BYTES_MAX) {
    kept = [...kept].slice(0, -1).join('')
  }
  return join(dirname(target), `.${kept}${suffix}`)
}

/** Whether a file name is one of `temporaryPath` with this token. */
export function isTemporaryOf(name: string, token: string): boolean {
  return name.startsWith('.') && TEMPORARY_END.exec(name)?.[1] === token
}
