/** From a request body to a blob with its ETag and checksum, or to an XML document. */

import { randomBytes } from 'node:crypto'
import type { BlobPurpose } from './backend.ts'
import type { ByteSource } from './blob-ledger.ts'
import { receiveBody } from './body.ts'
import type { ReceivedBody } from './body.ts'
import { CHECKSUM_ALGORITHMS, checksumHeader, createChecksum } from './checksums.ts'
import type { ChecksumAlgorithm } from './checksums.ts'
import type { Headers, S3Request, StoreContext } from './context.ts'
import { hidesMd5 } from './encryption.ts'
import { BODY_SIZE_MAX, DOCUMENT_BYTES_MAX } from './limits.ts'
import type { Blob, ObjectAttributes } from './model.ts'
import { S3Error } from './s3-error.ts'
import { parseXml } from './xml.ts'
import type { XmlNode } from './xml.ts'

/** A body that was received whole, verified and kept. */
export interface IntakeResult {
  readonly blob: Blob
  readonly etag: string
  /** The algorithm the client sent, or the one that was asked for; base64. */
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined
  /** True when the client sent the checksum itself. */
  readonly checksumSent: boolean
}

/**
 * Receives an object or a part.
 *
 * @param fallback - algorithm to compute when the client sends none.
 */
export async function receiveBlob(
  store: StoreContext,
  request: S3Request,
  purpose: BlobPurpose,
  attributes: ObjectAttributes,
  fallback: ChecksumAlgorithm | undefined,
): Promise<IntakeResult> {
  const headers = store.dialect.checksums ? request.headers : withoutChecksums(request.headers)
  const declared = declaredChecksum(headers)
  const wanted = declared ?? fallback
  const opaque = hasOpaqueEtag(store, attributes)
  const writer = store.backend.create(purpose)
  try {
    const received = await receive(store, request, {
      headers,
      maxLength: BODY_SIZE_MAX,
      md5: !opaque,
      compute: wanted === undefined || declared !== undefined ? [] : [wanted],
      write: (chunk) => writer.write(chunk),
    })
    const blob = writer.finish()
    const algorithm = store.dialect.checksums ? (received.sent[0] ?? fallback) : fallback
    const digest = algorithm && received.checksums[algorithm]
    return {
      blob,
      etag: opaque || received.md5 === undefined ? opaqueEtag() : received.md5.toString('hex'),
      checksum: algorithm && digest && { algorithm, value: digest.toString('base64') },
      checksumSent: store.dialect.checksums && received.sent.length > 0,
    }
  } catch (error) {
    writer.discard()
    throw error
  }
}

/**
 * Receives an XML document.
 *
 * @param objectChecksums - true when the checksum headers speak of an object, not of the body.
 */
export async function receiveXml(
  store: StoreContext,
  request: S3Request,
  root: string,
  objectChecksums = false,
): Promise<XmlNode> {
  const chunks: Buffer[] = []
  const ignore = objectChecksums || !store.dialect.checksums
  await receive(store, request, {
    headers: ignore ? withoutChecksums(request.headers) : request.headers,
    maxLength: DOCUMENT_BYTES_MAX,
    md5: false,
    compute: [],
    write: (chunk) => {
      chunks.push(chunk)
    },
  })
  return parseXml(Buffer.concat(chunks), root)
}

type Receipt = Pick<Parameters<typeof receiveBody>[1], 'maxLength' | 'md5' | 'compute' | 'write'>

async function receive(
  store: StoreContext,
  request: S3Request,
  receipt: Receipt & { readonly headers: Headers },
): Promise<ReceivedBody> {
  const refusal = store.dialect.chunkedRefusal
  if (refusal !== undefined && request.payload.kind.startsWith('chunks')) {
    throw new S3Error(refusal[1])
  }
  await request.onBodyWanted()
  if (request.message.destroyed) throw new S3Error('IncompleteBody')
  return receiveBody(request.message, {
    ...receipt,
    payload: request.payload,
    onBytes: request.onBytesIn,
    alter: request.alterBody,
  })
}

/** ETag and checksum of bytes that are already in the store. */
export async function digestSource(
  source: ByteSource,
  algorithms: readonly ChecksumAlgorithm[],
): Promise<Map<ChecksumAlgorithm, Buffer>> {
  const running = algorithms.map((name) => [name, createChecksum(name)] as const)
  let sinceYield = 0
  try {
    if (running.length > 0) {
      for (const chunk of source.chunks()) {
        for (const [, checksum] of running) checksum.update(chunk)
        sinceYield += chunk.length
        if (sinceYield < YIELD_BYTES) continue
        sinceYield = 0
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    return new Map(running.map(([name, checksum]) => [name, checksum.digest()]))
  } finally {
    source.close()
  }
}

/** Bytes digested between two turns of the event loop. Source: some 5 ms of CRC64NVME. */
const YIELD_BYTES = 4 * 1024 * 1024

/** True when ETags are not MD5s: by option, by dialect, or because of the encryption. */
export function hasOpaqueEtag(store: StoreContext, attributes: ObjectAttributes): boolean {
  return !store.md5 || store.dialect.opaqueEtag || hidesMd5(attributes.echoed)
}

/** An ETag that cannot be taken for an MD5. */
export function opaqueEtag(): string {
  return `x${randomBytes(12).toString('hex')}`
}

/** The algorithm of the checksum the client sends in a header or announces as a trailer. */
function declaredChecksum(headers: Headers): ChecksumAlgorithm | undefined {
  const trailer = headers['x-amz-trailer']?.toLowerCase() ?? ''
  return CHECKSUM_ALGORITHMS.find((algorithm) => {
    const name = checksumHeader(algorithm)
    return headers[name] !== undefined || trailer.includes(name)
  })
}

function withoutChecksums(headers: Headers): Headers {
  const kept = Object.entries(headers).filter(
    ([name]) => !name.startsWith('x-amz-checksum-') && name !== 'x-amz-sdk-checksum-algorithm',
  )
  return Object.fromEntries(kept)
}
