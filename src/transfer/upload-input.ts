/**
 * What callers pass as source: a path, a file URL, bytes, a Blob, or any stream. Told apart once,
 * here; drivers see an `UploadSource`.
 */

import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { TransferError } from '../errors.ts'
import type { TransferRun } from './transfer-run.ts'
import { FileSource, MemorySource, type UploadSource } from './upload-source.ts'

/**
 * What can be uploaded: the path (or file URL) of a regular file; bytes in memory; a Blob; a
 * Node.js or web stream, or any async iterable of bytes or text, of known or unknown length.
 */
export type UploadInput =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>

/** The path of an input that names a file. @throws ERR_OPTION_INVALID for other URLs */
export function pathOf(input: UploadInput): string | undefined {
  if (typeof input === 'string') {
    if (input !== '') return input
    throw new TransferError('ERR_SOURCE_NOT_FOUND', 'The path of the file to upload is empty')
  }
  if (!(input instanceof URL)) return undefined
  if (input.protocol === 'file:') return fileURLToPath(input)
  const message = `Cannot upload from ${input.protocol} URLs; fetch it and pass its body`
  throw new TransferError('ERR_OPTION_INVALID', message)
}

/** The name under which a file is put below a prefix. */
export function fileNameOf(path: string): string {
  return basename(path)
}

/** Whether a value is something that can be uploaded. @throws ERR_OPTION_INVALID */
export function checkUploadInput(input: unknown): asserts input is UploadInput {
  if (typeof input === 'string' || input instanceof URL) return
  if (input instanceof Uint8Array || input instanceof ArrayBuffer || input instanceof Blob) return
  if (typeof input === 'object' && input !== null && Symbol.asyncIterator in input) return
  const kind = input === null ? 'null' : typeof input
  const message = `Cannot upload ${kind}: pass a path, bytes, a Blob or a stream`
  throw new TransferError('ERR_OPTION_INVALID', message)
}

/**
 * A stream may fail before anybody reads it, while its upload waits in the queue. Its iterator
 * reports that when its turn comes; without a listener it would end the process before.
 */
export function hearErrors(input: unknown): void {
  if (input instanceof Readable) input.on('error', () => undefined)
}

/** Opens an input. `size` is what the caller announced for a stream. */
export function openSource(
  run: TransferRun,
  input: UploadInput,
  size: number | undefined,
): Promise<UploadSource> {
  const path = pathOf(input)
  if (path !== undefined) return FileSource.open(run, path)
  return Promise.resolve(memorySource(run, input as Exclude<UploadInput, string | URL>, size))
}

function memorySource(
  run: TransferRun,
  input: Exclude<UploadInput, string | URL>,
  size: number | undefined,
): UploadSource {
  if (input instanceof Blob) return new MemorySource(run, input.stream(), input.size)
  if (input instanceof Uint8Array || input instanceof ArrayBuffer) {
    const bytes = input instanceof Uint8Array ? input : new Uint8Array(input)
    return new MemorySource(run, once(bytes), bytes.byteLength)
  }
  return new MemorySource(run, input as AsyncIterable<unknown>, size)
}

// oxlint-disable-next-line require-await -- an async iterable by its type
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
