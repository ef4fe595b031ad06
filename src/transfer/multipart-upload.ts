/**
 * One multipart upload from Create to its end, which is exactly one of: completed and verified,
 * aborted with nothing left, kept for a resume with its journal, or left to a caller who wants that.
 *
 *   create | resume → parts … → complete → verified
 *                            ↘ discard (abort, then ListParts until it is gone)
 *                            ↘ keep | leave
 *
 * A random token in the object's metadata tells our completion from another writer's object, when
 * the answer to Complete was lost.
 */

import { randomUUID } from 'node:crypto'
import { isCombinable } from '../checksum/algorithms.ts'
import { combineAll, compositeChecksum } from '../checksum/combine.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { isTransferError, type TransferError } from '../errors.ts'
import type { PartDone } from '../pool/protocol.ts'
import { isOutcomeUnknown } from '../store/classify.ts'
import { TOKEN_NAME } from '../store/copied-attributes.ts'
import type { CompletedObject } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import { discardUpload } from './discard-upload.ts'
import { findOurs } from './find-ours.ts'
import { completedParts, PartTable, type PartLine } from './part-table.ts'
import type { Checksum, UploadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import { multipartType, type UploadJournal } from './upload-journal.ts'
import type { UploadSpec } from './upload-spec.ts'
import { verifyMultipart, type SentObject } from './verify-upload.ts'

/** The ETag of a part that is the MD5 of its bytes. */
const MD5_ETAG = /^"?[0-9a-f]{32}"?$/i

export class MultipartUpload {
  readonly uploadId: string
  readonly #run: TransferRun
  readonly #spec: UploadSpec
  readonly #token: string
  readonly #journal: UploadJournal | undefined
  readonly #table = new PartTable()
  #size = 0
  #parts = 0
  /** Parts that arrived in this run. */
  #arrived = 0
  #hasStableEtags = true

  private constructor(
    run: TransferRun,
    spec: UploadSpec,
    names: { readonly uploadId: string; readonly token: string },
    journal: UploadJournal | undefined,
  ) {
    this.#run = run
    this.#spec = spec
    this.uploadId = names.uploadId
    run.uploadId = names.uploadId
    this.#token = names.token
    this.#journal = journal
    // Asked only by who writes it down: nobody else would hear of its failure.
    const origin = async (): Promise<string> => (await run.env.store.route(run.info.bucket)).origin
    run.env.openUploads.opened({ ...objectOf(run), ...names, origin })
  }

  /** @param journal ended by the end of the upload; `undefined` when it is not written down */
  static async create(
    run: TransferRun,
    spec: UploadSpec,
    journal?: UploadJournal,
  ): Promise<MultipartUpload> {
    const token = randomUUID()
    const { attributes, algorithm } = spec
    try {
      run.stopping.throwIfAborted()
      // Without the signal: an upload whose id we never hear of could not be aborted.
      const { uploadId } = await run.env.store.createMultipartUpload(objectOf(run), {
        attributes: { ...attributes, metadata: { ...attributes.metadata, [TOKEN_NAME]: token } },
        checksum: spec.sendChecksum ? { algorithm, type: multipartType(spec) } : undefined,
      })
      const upload = new MultipartUpload(run, spec, { uploadId, token }, journal)
      await journal?.created(uploadId, token)
      return upload
    } catch (error) {
      await journal?.end()
      throw error
    }
  }

  /** Takes over an upload that an earlier process created. @param journal gone on with */
  static resume(
    run: TransferRun,
    spec: UploadSpec,
    names: { readonly uploadId: string; readonly token: string },
    journal: UploadJournal | undefined,
  ): MultipartUpload {
    return new MultipartUpload(run, spec, names, journal)
  }

  /**
   * Whether a part that is sent twice has the same ETag twice, so that it does not matter which of
   * the two the store keeps. Not so where keys of KMS or of the caller encrypt; known from parts
   * that have arrived.
   */
  get hasStableEtags(): boolean {
    return this.#arrived > 0 && this.#hasStableEtags
  }

  noteArrived(partNumber: number, offset: number, done: PartDone): void {
    const { digest, length, etag, headers } = done
    this.#hasStableEtags &&= MD5_ETAG.test(etag) && !isEncryptedByKey(headers)
    this.#arrived += 1
    this.noteStored(partNumber, { offset, length, digest, etag })
    this.#journal?.arrived(partNumber, length, etag, digest)
  }

  /** A part is there that was sent earlier; the journal has it, or its bytes were hashed again. */
  noteStored(partNumber: number, line: PartLine): void {
    this.#table.add(partNumber, line)
    this.#size += line.length
    this.#parts += 1
  }

  /** The same, and the journal did not know it. */
  noteAdopted(partNumber: number, line: PartLine): void {
    this.noteStored(partNumber, line)
    this.#journal?.arrived(partNumber, line.length, line.etag, line.digest)
  }

  /**
   * Assembles the object and compares what the store holds with what was sent.
   * @throws ERR_CHECKSUM_MISMATCH, or the store's refusal.
   */
  async complete(): Promise<UploadResult> {
    const lines = this.#table.covering(this.#size)
    const checksum = await this.#checksumOf(lines)
    await this.#journal?.completing(checksum.value)
    const answer = await this.#completeOrFind(lines, checksum)
    this.#journal?.completed(answer.etag, answer.versionId)
    return this.prove(answer, { size: this.#size, parts: this.#parts, checksum })
  }

  /**
   * The object is there: compares what the store holds with what was sent.
   * @throws ERR_CHECKSUM_MISMATCH, or the store's refusal.
   */
  async prove(answer: CompletedObject, sent: SentObject): Promise<UploadResult> {
    this.#run.env.openUploads.ended(this.#token)
    const result = await verifyMultipart(this.#run, this.#spec, answer, sent)
    await this.#journal?.end()
    return result
  }

  /** Leaves the upload as it is, with its journal, for the same call to go on with. */
  async keep(): Promise<void> {
    this.#run.env.openUploads.released(this.#token)
    await this.#journal?.keep()
  }

  /** Whether it can be gone on with. */
  get canBeKept(): boolean {
    return this.#journal !== undefined
  }

  /** Removes the upload. Returns the error to reject with. */
  async discard(error: TransferError): Promise<TransferError> {
    return (await this.remove()) ? error : this.#leftBehind(error)
  }

  /** Leaves its parts for the caller, and for the same call if it has a journal. Returns the error. */
  async leave(error: TransferError): Promise<TransferError> {
    this.#run.env.openUploads.givenUp(this.#token)
    await this.#journal?.keep()
    return this.#leftBehind(error)
  }

  #leftBehind(error: TransferError): TransferError {
    return error.with({ leftBehind: `multipart upload ${this.uploadId}` })
  }

  /** Aborts the upload and looks whether it is gone. Never throws. */
  async remove(): Promise<boolean> {
    const { openUploads } = this.#run.env
    if (await this.#isRemoved()) {
      openUploads.ended(this.#token)
      await this.#journal?.end()
      return true
    }
    // Its journal stays too: the same call goes on with it, or tries to remove it again.
    await this.#journal?.close()
    openUploads.givenUp(this.#token)
    return false
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
        const expected = { token: this.#token, size: this.#size, checksum }
        const found = await findOurs(this.#run, this.#spec, expected)
        if (found !== undefined) return found
        // Not there: the upload is still open, and Complete may be sent again.
        const isFinal = isInTheWay || error.code === 'ERR_UPLOAD_NOT_FOUND'
        if (isFinal || round >= env.tuning.maxAttempts) throw error
      }
    }
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

export function objectOf(run: TransferRun): ObjectRef {
  return { bucket: run.info.bucket, key: run.info.key }
}

/** Encrypted with a key of KMS (`aws:kms`, `aws:kms:dsse`), or with one the caller gave. */
function isEncryptedByKey(headers: PartDone['headers']): boolean {
  const encryption = headers['x-amz-server-side-encryption'] ?? 'AES256'
  const customer = headers['x-amz-server-side-encryption-customer-algorithm']
  return encryption !== 'AES256' || customer !== undefined
}
