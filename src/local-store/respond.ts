/** Sending answers: errors as S3 documents, byte sources with back-pressure and flat memory. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './context.ts'
import type { AsyncBody } from './fault-body.ts'
import { S3Error } from './s3-error.ts'
import { xmlDocument } from './xml.ts'

/** An answer whose body may also come bit by bit. */
export type SendableAnswer = Omit<Answer, 'body'> & { readonly body?: Answer['body'] | AsyncBody }

/** The answer that tells of an error; what is not an `S3Error` is the store's own failure. */
export function errorAnswer(error: unknown, resource: string, requestId: string): Answer {
  const known = error instanceof S3Error ? error : new S3Error('InternalError', String(error))
  if (known.status === 304) return { status: 304, headers: { ...known.headers } }
  const body = xmlDocument(
    'Error',
    {
      Code: known.code,
      Message: known.message,
      ...known.extra,
      Resource: resource,
      RequestId: requestId,
      HostId: hostId(requestId),
    },
    false,
  )
  return {
    status: known.status,
    headers: { 'content-type': 'application/xml', ...known.headers },
    body,
  }
}

/** Value of `x-amz-id-2`. */
export function hostId(requestId: string): string {
  return Buffer.from(`local-store/${requestId}`).toString('base64')
}

/**
 * Sends an answer and ends it.
 *
 * @param onBytes - called with the length of each piece handed to the socket.
 * @returns once the last byte is with the kernel, or the connection is gone.
 */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: SendableAnswer,
  onBytes: (length: number) => void,
): Promise<void> {
  const { body } = answer
  const bodiless = request.method === 'HEAD' || answer.status === 304 || answer.status === 204
  try {
    if (response.destroyed || request.socket.destroyed) return
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(answer.headers)) headers[name] = headerValue(value)
    if (bodiless || body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
      const bytes = Buffer.from(bodiless ? '' : ((body as string | Buffer | undefined) ?? ''))
      if (!bodiless) headers['content-length'] = String(bytes.length)
      response.writeHead(answer.status, headers)
      onBytes(bytes.length)
      await ended(response, bytes)
      return
    }
    response.writeHead(answer.status, headers)
    await sendChunks(response, body.chunks(), Number(headers['content-length'] ?? -1), onBytes)
  } finally {
    if (typeof body === 'object' && 'close' in body) body.close()
  }
}

async function sendChunks(
  response: ServerResponse,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  length: number,
  onBytes: (length: number) => void,
): Promise<void> {
  let sent = 0
  try {
    for await (const chunk of chunks) {
      sent += chunk.length
      onBytes(chunk.length)
      if (sent === length) {
        await ended(response, chunk)
        return
      }
      // A chunk's memory is used again for the next one, so it must be with the kernel first.
      await written(response, chunk)
      if (response.destroyed) return
    }
    if (length > 0 && sent < length) response.destroy()
    else await ended(response, undefined)
  } catch {
    // The status is out already; a cut connection is the only way left to tell.
    response.destroy()
  }
}

function written(response: ServerResponse, chunk: Buffer): Promise<void> {
  return settled(response, (done) => response.write(chunk, done))
}

function ended(response: ServerResponse, chunk: Buffer | undefined): Promise<void> {
  return settled(response, (done) => {
    response.once('finish', done)
    response.end(chunk)
  })
}

/** Settles when the action is done or the connection closes, whichever comes first. */
function settled(response: ServerResponse, act: (done: () => void) => void): Promise<void> {
  // A response that is gone already says so no more.
  if (response.destroyed || response.closed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('close', done)
      resolve()
    }
    response.once('close', done)
    act(done)
  })
}

/** Header values go out as Latin-1; other text as its UTF-8 bytes, without control characters. */
function headerValue(value: string): string {
  if (/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)) return value
  const clean = value.replace(/[^\P{Cc}\t]/gu, '')
  return /^[\t\u0020-\u00ff]*$/.test(clean) ? clean : Buffer.from(clean).toString('latin1')
}
