/**
 * Signatures inside an aws-chunked body: each chunk signs the one before, starting from the
 * signature of the headers; the trailer closes the chain.
 * Source: S3 API Reference, "Transferring payload in multiple chunks" and "… with trailing
 * headers", read 2026-11.
 */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { S3Error } from './s3-error.ts'

/** Checks the chain of one body; each call moves it one link on. */
export interface ChunkVerifier {
  /** @param sha256 - raw digest of the chunk's data. @throws S3Error SignatureDoesNotMatch */
  verifyChunk(signature: string, sha256: Buffer): void
  /** @param trailer - the canonical trailer lines, `name:value\n` each. */
  verifyTrailer(signature: string, trailer: string): void
}

const EMPTY_SHA256 = createHash('sha256').digest('hex')

/** Starts a chain at the signature the request's headers carry. */
export function createChunkVerifier(
  signingKey: Buffer,
  amzDate: string,
  scope: string,
  seedSignature: string,
): ChunkVerifier {
  let previous = seedSignature
  const check = (kind: string, lines: readonly string[], signature: string): void => {
    const text = [`AWS4-HMAC-SHA256-${kind}`, amzDate, scope, previous, ...lines].join('\n')
    const expected = createHmac('sha256', signingKey).update(text).digest()
    const given = Buffer.from(signature, 'hex')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new S3Error('SignatureDoesNotMatch', undefined, {
        StringToSign: text,
        SignatureProvided: signature,
      })
    }
    previous = signature
  }
  return {
    verifyChunk: (signature, sha256) =>
      check('PAYLOAD', [EMPTY_SHA256, sha256.toString('hex')], signature),
    verifyTrailer: (signature, trailer) =>
      check('TRAILER', [createHash('sha256').update(trailer, 'latin1').digest('hex')], signature),
  }
}
