/**
 * Receives a request body: takes off aws-chunked framing, feeds every checksum that is wanted or
 * was sent, hands the payload on, and refuses a body that is not what its headers say. This is
 * the hot path of the store: buffers of the socket are passed on as they are, memory stays flat,
 * and a back end that returns a promise from `write` pauses the socket.
 *
 * The payload is written before it is known to be good, so what `write` makes may be kept only
 * when the promise of `receiveBody` is fulfilled. After a refusal the rest of the body is read
 * and thrown away. A connection lost mid-body rejects with IncompleteBody, for nobody to read.
 */

import type { IncomingMessage } from 'node:http'
import { ChunkedBody } from './aws-chunked.ts'
import {
  readBodyClaims,
  readChecksumValue,
  type BodyClaims,
  type BodyHeaders,
} from './body-claims.ts'
import {
  checksumHeader,
  createChecksum,
  type ChecksumAlgorithm,
  type RunningChecksum,
} from './checksums.ts'
import { S3Error } from './s3-error.ts'
import type { PayloadMode } from './sigv4.ts'

/** A body that was received whole and bears out every claim made about it. */
export interface ReceivedBody {
  /** Payload bytes, without framing. */
  readonly length: number
  readonly md5: Buffer | undefined
  /** Raw digests of the algorithms asked for and of the one sent. */
  readonly checksums: Partial<Record<ChecksumAlgorithm, Buffer>>
  /** Algorithms the client sent a value for, in a header or a trailer; at most one. */
  readonly sent: readonly ChecksumAlgorithm[]
}

export interface ReceiveOptions {
  readonly payload: PayloadMode
  /** Lower-case names. Leave out checksum headers that speak of an object, not of this body. */
  readonly headers: BodyHeaders
  /** Largest payload taken. Bytes. */
  readonly maxLength: number
  /** Whether the MD5 is wanted even when no Content-MD5 was sent. */
  readonly md5: boolean
  readonly compute: readonly ChecksumAlgorithm[]
  write(chunk: Buffer): void | Promise<void>
  /** Called with the length of each piece that comes off the wire, framing included. */
  readonly onBytes?: ((length: number) => void) | undefined
  /** Sees each piece first and may change it or hold it up: the place of scripted faults. */
  readonly alter?: ((piece: Buffer) => Buffer | Promise<Buffer>) | undefined
}

/**
 * Receives and verifies one body.
 *
 * @throws S3Error MissingContentLength, EntityTooLarge, IncompleteBody, InvalidDigest, BadDigest,
 * XAmzContentSHA256Mismatch, InvalidRequest, MalformedTrailerError, SignatureDoesNotMatch,
 * InvalidChunkSizeError.
 */
export async function receiveBody(
  req: IncomingMessage,
  options: ReceiveOptions,
): Promise<ReceivedBody> {
  try {
    const intake = new BodyIntake(options)
    await pump(req, (piece) => intake.push(piece), options)
    return intake.finish()
  } finally {
    // Does nothing after a whole body; after a refusal it drains what is left.
    req.resume()
  }
}

/** State of one body: framing, running checksums, bytes so far. */
class BodyIntake {
  readonly #options: ReceiveOptions
  readonly #claims: BodyClaims
  readonly #framing: ChunkedBody | undefined
  readonly #running = new Map<ChecksumAlgorithm, RunningChecksum>()
  #length = 0

  constructor(options: ReceiveOptions) {
    const { payload } = options
    const chunked = payload.kind === 'chunks-signed' || payload.kind === 'chunks-unsigned-trailer'
    const signer = payload.kind === 'chunks-signed' ? payload.signer : undefined
    this.#options = options
    this.#claims = readBodyClaims(options.headers, chunked, hasTrailer(payload), options.maxLength)
    this.#framing = chunked ? new ChunkedBody(signer) : undefined
    const { checksum, trailer, md5 } = this.#claims
    const wanted: Array<ChecksumAlgorithm | undefined> = [
      ...options.compute,
      checksum?.algorithm,
      trailer,
      options.md5 || md5 !== undefined ? 'MD5' : undefined,
      payload.kind === 'hash' ? 'SHA256' : undefined,
    ]
    for (const algorithm of wanted) {
      if (algorithm === undefined || this.#running.has(algorithm)) continue
      this.#running.set(algorithm, createChecksum(algorithm))
    }
  }

  push(piece: Buffer): void | Promise<void> {
    if (this.#framing === undefined) return this.#take(piece)
    const slices = this.#framing.push(piece)
    for (const [index, slice] of slices.entries()) {
      const busy = this.#take(slice)
      if (busy !== undefined) return this.#takeRest(busy, slices.slice(index + 1))
    }
    return undefined
  }

  finish(): ReceivedBody {
    const trailers = this.#framing?.end() ?? new Map<string, string>()
    const { claims, digests } = { claims: this.#claims, digests: this.#digests() }
    if (this.#length !== claims.length) throw new S3Error('IncompleteBody')
    this.#checkTrailerSignature(trailers)
    const sent = claims.checksum ?? readTrailerChecksum(claims.trailer, trailers)
    checkDigest('MD5', claims.md5, digests.get('MD5'))
    if (sent !== undefined) checkDigest(sent.algorithm, sent.digest, digests.get(sent.algorithm))
    checkPayloadHash(this.#options.payload, digests.get('SHA256'))
    const checksums: Partial<Record<ChecksumAlgorithm, Buffer>> = {}
    for (const [algorithm, digest] of digests) checksums[algorithm] = digest
    return {
      length: this.#length,
      md5: digests.get('MD5'),
      checksums,
      sent: sent === undefined ? [] : [sent.algorithm],
    }
  }

  #take(chunk: Buffer): void | Promise<void> {
    this.#length += chunk.length
    if (this.#length > this.#claims.length) {
      throw new S3Error('IncompleteBody', 'The body is longer than its headers declare.')
    }
    for (const running of this.#running.values()) running.update(chunk)
    return this.#options.write(chunk)
  }

  async #takeRest(busy: Promise<void>, slices: readonly Buffer[]): Promise<void> {
    await busy
    for (const slice of slices) await this.#take(slice)
  }

  #digests(): Map<ChecksumAlgorithm, Buffer> {
    const digests = new Map<ChecksumAlgorithm, Buffer>()
    for (const [algorithm, running] of this.#running) digests.set(algorithm, running.digest())
    return digests
  }

  #checkTrailerSignature(trailers: ReadonlyMap<string, string>): void {
    const { payload } = this.#options
    if (payload.kind !== 'chunks-signed' || !payload.trailer) return
    let lines = ''
    for (const [name, value] of trailers) {
      if (name !== 'x-amz-trailer-signature') lines += `${name}:${value}\n`
    }
    payload.signer.verifyTrailer(trailers.get('x-amz-trailer-signature') ?? '', lines)
  }
}

/** Moves the body off the socket; stops and rejects at the first refusal. */
function pump(
  req: IncomingMessage,
  push: (piece: Buffer) => void | Promise<void>,
  options: ReceiveOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let settled = false
    let busy = false
    let ended = false
    let lost = false
    const settle = (error?: unknown): void => {
      if (settled) return
      settled = true
      req.off('data', onData).off('end', onEnd).off('close', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onData = (piece: Buffer): void => {
      try {
        options.onBytes?.(piece.length)
        const passed = options.alter?.(piece) ?? piece
        const waiting = passed instanceof Promise ? passed.then(push) : push(passed)
        if (waiting === undefined) return
        busy = true
        req.pause()
        waiting.then(onWritten, settle)
      } catch (error) {
        settle(error)
      }
    }
    const onWritten = (): void => {
      busy = false
      if (lost) settle(new S3Error('IncompleteBody'))
      else if (ended) settle()
      else req.resume()
    }
    const onEnd = (): void => {
      ended = true
      if (!busy) settle()
    }
    // A write under way is waited for, so that nobody closes its file under it.
    const onClose = (): void => {
      lost = !ended
      if (lost && !busy) settle(new S3Error('IncompleteBody'))
    }
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}

function hasTrailer(payload: PayloadMode): boolean {
  return (
    payload.kind === 'chunks-unsigned-trailer' ||
    (payload.kind === 'chunks-signed' && payload.trailer)
  )
}

function readTrailerChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  trailers: ReadonlyMap<string, string>,
): BodyClaims['checksum'] {
  const known = algorithm === undefined ? [] : [checksumHeader(algorithm)]
  for (const name of trailers.keys()) {
    if (name !== 'x-amz-trailer-signature' && !known.includes(name)) {
      throw new S3Error('MalformedTrailerError', `The trailer ${name} was not announced.`)
    }
  }
  if (algorithm === undefined) return undefined
  const value = trailers.get(checksumHeader(algorithm))
  if (value === undefined) throw new S3Error('MalformedTrailerError')
  return { algorithm, digest: readChecksumValue(algorithm, value) }
}

function checkDigest(
  algorithm: ChecksumAlgorithm,
  claimed: Buffer | undefined,
  computed: Buffer | undefined,
): void {
  if (claimed === undefined || computed?.equals(claimed) === true) return
  throw new S3Error(
    'BadDigest',
    `The ${algorithm} you specified did not match the calculated checksum.`,
    {
      ExpectedDigest: claimed.toString('base64'),
      CalculatedDigest: computed?.toString('base64') ?? '',
    },
  )
}

function checkPayloadHash(payload: PayloadMode, computed: Buffer | undefined): void {
  if (payload.kind !== 'hash' || computed?.toString('hex') === payload.sha256) return
  throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
    ClientComputedContentSHA256: payload.sha256,
    S3ComputedContentSHA256: computed?.toString('hex') ?? '',
  })
}
