/**
 * Whether a stream of a file is as good as its path: nobody has read from it, it begins at the
 * beginning and ends at the end, and the path still leads to the file that the stream has open.
 */

import { fstat, type BigIntStats, type ReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'

/** What Node's file streams have beside what their types say. */
interface FileFields {
  readonly fd?: number | null
  readonly start?: number
  readonly end?: number
}

export interface FileStream {
  /** Given if the file may be read instead of the stream. */
  readonly path?: string
  /** Bytes the stream will give. */
  readonly size?: number
}

/** Looks at a stream, once it is open. Never throws: what is wrong with it shows when it is read. */
export async function inspectFileStream(stream: ReadStream): Promise<FileStream> {
  await opened(stream)
  const { fd, start = 0, end = Infinity } = stream as ReadStream & FileFields
  if (typeof fd !== 'number' || !isUntouched(stream)) return {}
  const open = await promisify(fstat)(fd, { bigint: true }).catch(() => undefined)
  // Files of /proc claim to be empty.
  if (open === undefined || !open.isFile() || open.size === 0n) return {}
  const size = Math.max(0, Math.min(Number(open.size), end + 1) - start)
  const { path } = stream
  const isWhole = start === 0 && size === Number(open.size)
  if (typeof path !== 'string' || !isWhole) return startsAtZero(stream, size)
  const named = await stat(path, { bigint: true }).catch(() => undefined)
  return isSame(open, named) ? { path, size } : { size }
}

/** A descriptor that was given has a position of its own, and such a stream has no path. */
function startsAtZero({ path }: ReadStream, size: number): FileStream {
  return path === undefined ? {} : { size }
}

function isUntouched(stream: ReadStream): boolean {
  const listened = ['data', 'readable', 'end'].some((name) => stream.listenerCount(name) > 0)
  const { readableFlowing, readableDidRead, readableEncoding } = stream
  return readableFlowing === null && !readableDidRead && readableEncoding === null && !listened
}

function isSame(open: BigIntStats, named: BigIntStats | undefined): boolean {
  return open.ino === named?.ino && open.dev === named.dev
}

async function opened(stream: ReadStream): Promise<void> {
  if (!stream.pending || stream.destroyed) return
  await new Promise<void>((resolve) => {
    for (const event of ['open', 'error', 'close']) stream.once(event, () => resolve())
  })
}
