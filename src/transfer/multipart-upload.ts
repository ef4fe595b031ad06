/**
 * One multipart upload from Create to its end, which is exactly one of: completed and verified,
 * or aborted with nothing left.
 *
 *   create → parts … → complete → verified
 *                   ↘ discard (abort, then ListParts until it is gone)
 *
 * A random token in the object's metadata tells our completion from another writer's object, when
 * the answer to Complete was lost.
 */

import { randomUUID } from 'node:crypto'
import { CHECKSUMS, isCombinable } from '../checksum/algorithms.ts'
import { combineAll, compositeChecksum } from '../checksum/combine.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { isTransferError, type TransferError } from '../errors.ts'
import type { PartDone } from '../pool/protocol.ts'
import { isOutcomeUnknown } from '../store/classify.ts'
import type { CompletedObject, ObjectInfo } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import { discardUpload } from './discard-upload.ts'
import { completedParts, PartTable } from './part-table.ts'
import type { Checksum, UploadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import type { UploadSpec } from './upload-spec.ts'
import { compareStored, headForVerification } from './verify-upload.ts'

/** User metadata that carries the token. */
const TOKEN_NAME = 'transfer-engine-upload'

/** The ETag of a part that is the MD5 of its bytes. */
const MD5_ETAG = /^"?[0-9a-f]{32}"?$/i

export class MultipartUpload {
  readonly uploadId: string
  readonly #run: TransferRun
  readonly #spec: UploadSpec
  readonly #token: string
  readonly #table = new PartTable()
  #size = 0
  #parts = 0
  #hasStableEtags = true

  private constructor(run: TransferRun, spec: UploadSpec, uploadId: string, token: string) {
    this.#run = run
    this.#spec = spec
    this.uploadId = uploadId
    this.#token = token
  }

  static async create(run: TransferRun, spec: UploadSpec): Promise<MultipartUpload> {
    const token = randomUUID()
    const { attributes, algorithm } = spec
    run.signal.throwIfAborted()
    // Without the signal: an upload whose id we never hear of could not be aborted.
    const { uploadId } = await run.env.store.createMultipartUpload(objectOf(run), {
      attributes: { ...attributes, metadata: { ...attributes.metadata, [TOKEN_NAME]: token } },
      checksum: spec.sendChecksum ? { algorithm, type: multipartType(spec) } : undefined,
    })
    const origin = run.env.store.route(run.info.bucket).then((route) => route.origin)
    run.env.openUploads.opened({ ...objectOf(run), token, uploadId, origin })
    return new MultipartUpload(run, spec, uploadId, token)
  }

  /**
   * Whether a part that is sent twice has the same ETag twice, so that it does not matter which of
   * the two the store keeps. Not so where keys of KMS or of the caller encrypt; known from parts
   * that have arrived.
   */
  get hasStableEtags(): boolean {
    return this.#parts > 0 && this.#hasStableEtags
  }

  noteArrived(partNumber: number, offset: number, done: PartDone): void {
    const { digest, length, etag, headers } = done
    this.#hasStableEtags &&= MD5_ETAG.test(etag) && !isEncryptedByKey(headers)
    this.#table.add(partNumber, { offset, length, digest, etag })
    this.#size += length
    this.#parts += 1
  }

  /**
   * Assembles the object and compares what the store holds with what was sent.
   * @throws ERR_CHECKSUM_MISMATCH, or the store's refusal.
   */
  async complete(): Promise<UploadResult> {
    const run = this.#run
    const lines = this.#table.covering(this.#size)
    const checksum = await this.#checksumOf(lines)
    const answer = await this.#completeOrFind(lines, checksum)
    run.env.openUploads.ended(this.#token)
    const found = await headForVerification(run, this.#spec, answer.versionId)
    // Another writer may have been quicker than our HEAD; then the answer to Complete must do.
    const isOurs = answer.versionId !== undefined || bare(found?.etag) === bare(answer.etag)
    const info = isOurs ? found : undefined
    const stored = { ...answer.checksums, ...info?.checksums }
    const verified = compareStored(run, {
      size: this.#size,
      checksum,
      storedSize: info?.size,
      stored: stored[checksum.algorithm],
    })
    return {
      object: objectOf(run),
      size: this.#size,
      etag: answer.etag,
      versionId: answer.versionId,
      checksum,
      verified,
      parts: this.#parts,
      attempts: run.attempts,
      elapsedMs: performance.now() - run.startedAt,
    }
  }

  /** Aborts the upload and looks whether it is gone. Returns the error to reject with. */
  async discard(error: TransferError): Promise<TransferError> {
    const { openUploads } = this.#run.env
    if (await this.#isRemoved()) {
      openUploads.ended(this.#token)
      return error
    }
    openUploads.givenUp(this.#token)
    return error.with({ leftBehind: `multipart upload ${this.uploadId}` })
  }

  async #isRemoved(): Promise<boolean> {
    const { store } = this.#run.env
    const { attributes } = this.#spec
    try {
      return await discardUpload(store, objectOf(this.#run), this.uploadId, attributes)
    } catch {
      return false
    }
  }

  async #completeOrFind(
    lines: ReturnType<PartTable['covering']>,
    checksum: Checksum,
  ): Promise<CompletedObject> {
    const { env, signal } = this.#run
    const { sendChecksum, algorithm, attributes } = this.#spec
    const parts = completedParts(lines, sendChecksum ? algorithm : undefined)
    const isFull = checksum.type === 'FULL_OBJECT'
    for (let round = 1; ; round += 1) {
      try {
        return await env.store.completeMultipartUpload(objectOf(this.#run), this.uploadId, parts, {
          signal,
          attributes,
          size: sendChecksum ? this.#size : undefined,
          checksum: sendChecksum && isFull ? checksum : undefined,
        })
      } catch (error) {
        signal.throwIfAborted()
        if (!isTransferError(error)) throw error
        // What is in the way of a Complete that was repeated may be what it made the first time.
        const isInTheWay = error.code === 'ERR_PRECONDITION_FAILED'
        if (!isInTheWay && !isOutcomeUnknown(error)) throw error
        const found = await this.#findOurs(checksum)
        if (found !== undefined) return found
        // Not there: the upload is still open, and Complete may be sent again.
        const isFinal = isInTheWay || error.code === 'ERR_UPLOAD_NOT_FOUND'
        if (isFinal || round >= env.tuning.maxAttempts) throw error
      }
    }
  }

  /**
   * After a lost answer: the object at the key, if it is ours. That a key exists proves nothing;
   * token, size and checksum together do.
   */
  async #findOurs(checksum: Checksum): Promise<CompletedObject | undefined> {
    let info: ObjectInfo | undefined
    try {
      info = await headForVerification(this.#run, this.#spec, undefined)
    } catch (error) {
      if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return undefined
      throw error
    }
    if (info === undefined) return undefined
    const stored = info.checksums[checksum.algorithm]
    const isOurs =
      info.metadata[TOKEN_NAME] === this.#token &&
      info.size === this.#size &&
      (stored === undefined || stored === checksum.value)
    if (!isOurs) return undefined
    const { etag, versionId, checksums, checksumType } = info
    return { etag, versionId, checksums, checksumType, location: undefined }
  }

  async #checksumOf(lines: ReturnType<PartTable['covering']>): Promise<Checksum> {
    const { algorithm } = this.#spec
    if (isCombinable(algorithm)) {
      const value = encodeDigest(combineAll(algorithm, lines))
      return { algorithm, value, type: 'FULL_OBJECT' }
    }
    const digests = lines.map((line) => line.digest)
    return { algorithm, value: await compositeChecksum(algorithm, digests), type: 'COMPOSITE' }
  }
}

function multipartType(spec: UploadSpec): 'FULL_OBJECT' | 'COMPOSITE' {
  return CHECKSUMS[spec.algorithm].combinable ? 'FULL_OBJECT' : 'COMPOSITE'
}

export function objectOf(run: TransferRun): ObjectRef {
  return { bucket: run.info.bucket, key: run.info.key }
}

/** An ETag without its quotes: some stores write them in headers and not in documents. */
function bare(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '')
}

/** Encrypted with a key of KMS (`aws:kms`, `aws:kms:dsse`), or with one the caller gave. */
function isEncryptedByKey(headers: PartDone['headers']): boolean {
  const encryption = headers['x-amz-server-side-encryption'] ?? 'AES256'
  const customer = headers['x-amz-server-side-encryption-customer-algorithm']
  return encryption !== 'AES256' || customer !== undefined
}
