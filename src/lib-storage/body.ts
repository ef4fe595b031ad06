/**
 * A `Body` of the SDK → what an engine uploads, and how many bytes that is, as far as it is known.
 */

import { ReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { TransferError, type UploadInput } from '../index.ts'
import { inspectFileStream } from './file-stream.ts'
import type { Params } from './types.ts'

export interface Source {
  readonly input: UploadInput
  /** `undefined` for a stream whose end is not known. */
  readonly size: number | undefined
}

const EXPECTED = 'a string, Uint8Array, Buffer, Blob, Readable or ReadableStream'

/** Whether something is a body. @throws ERR_OPTION_INVALID */
export function checkBody({ Body: body, ContentLength: length }: Params): void {
  const isStream = body instanceof Readable || body instanceof ReadableStream
  const known = sizeOf(body)
  if (!isStream && known === undefined) throw invalid('Body', EXPECTED)
  if (length === undefined) return
  if (!Number.isSafeInteger(length) || length < 0)
    throw invalid('ContentLength', 'a count of bytes')
  if (known !== undefined && known !== length) {
    throw invalid('ContentLength', `that of \`Body\`, which has ${known} bytes`)
  }
}

/**
 * A stream may fail while its engine is made. Whoever reads it hears of that; without a listener it
 * would end the process before.
 */
export function hearErrors(body: Params['Body']): void {
  if (body instanceof Readable) body.on('error', () => undefined)
}

/**
 * What to upload of a body that was checked. A stream of a file that nobody has read from is given as
 * its path: workers read files themselves, and no byte passes this thread.
 */
export async function sourceOf({ Body: body, ContentLength: length }: Params): Promise<Source> {
  if (body instanceof ReadStream) {
    const { path, size } = await inspectFileStream(body)
    const isWhole = length === undefined || length === size
    if (path !== undefined && isWhole) return { input: path, size }
    return { input: body, size: length ?? size }
  }
  const input = typeof body === 'string' ? Buffer.from(body) : body
  return { input: input as UploadInput, size: length ?? sizeOf(body) }
}

/** Bytes of a body that lies in memory. */
function sizeOf(body: unknown): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (body instanceof Uint8Array) return body.byteLength
  return body instanceof Blob ? body.size : undefined
}

function invalid(option: string, expected: string): TransferError {
  const message = `Expected \`${option}\` to be ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
