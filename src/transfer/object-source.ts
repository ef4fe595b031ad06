/**
 * An object of another place as the source of an upload: ranges of it are fetched into shared memory, each
 * when its part is to be sent, so that many are on their way at once and nothing touches a disk.
 *
 *   next (memory) → fill (GET, If-Match) → sent (PUT) → release
 */

import { isCombinable, type ChecksumAlgorithm } from '../checksum/algorithms.ts'
import type { PartDigest } from '../checksum/combine.ts'
import { assert } from '../assert.ts'
import { TransferError } from '../errors.ts'
import { objectIdentityOf } from '../journal/identities.ts'
import type { ObjectIdentity } from '../journal/records.ts'
import { attributeHeaders, type RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import { canonicalQuery } from '../store/signing.ts'
import type { ObjectRef } from '../store/types.ts'
import { formatSize } from '../units.ts'
import { checksumOf, compareReceived, type DownloadProof } from './download-proof.ts'
import { fetchRange, type FetchSpec } from './fetch-range.ts'
import type { Verification } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import type { SourcePart, UploadSource } from './upload-source.ts'

/** What is read, and how that is proved. */
export interface ReadObject {
  readonly object: ObjectRef
  readonly info: ObjectInfo
  readonly proof: DownloadProof
  readonly attributes: RequestAttributes
  /** Size of the parts it will be asked for in; larger than the object for one. */
  readonly partSize: number
  /** What the upload sums its parts by: kept parts are known by that. */
  readonly uploadAlgorithm: ChecksumAlgorithm
}

export class ObjectSource implements UploadSource {
  readonly size: number
  readonly holdsParts = true
  readonly identity: ObjectIdentity
  readonly #run: TransferRun
  readonly #object: ReadObject
  readonly #fetch: FetchSpec
  /** By offset; `undefined` where a part was kept whose checksum is another. */
  readonly #digests = new Map<number, PartDigest | undefined>()
  #verified: Verification = 'size'
  #offset = 0

  constructor(run: TransferRun, read: ReadObject) {
    const { object, info, proof, attributes, partSize } = read
    const { bucket, key, versionId } = object
    this.#run = run
    this.#object = read
    this.size = info.size
    this.identity = objectIdentityOf(info, proof.stored)
    const isWhole = info.size <= partSize
    this.#fetch = {
      size: info.size,
      etag: info.etag,
      contentEncoding: info.contentEncoding,
      query: versionId === undefined ? '' : canonicalQuery([['versionId', versionId]]),
      headers: attributeHeaders('read', attributes),
      // A hash over all bytes in order is that of the one range there is.
      algorithm: isWhole && proof.wholePass ? algorithmOf(proof) : proof.algorithm,
      whole: isWhole,
      at: { store: run.env.source, bucket, key },
    }
  }

  /** How far the source was proved; known after `verify`. */
  get verified(): Verification {
    return this.#verified
  }

  skip(length: number, digest: Uint8Array): number {
    const offset = this.#take(length)
    const isKnown = this.#object.uploadAlgorithm === this.#fetch.algorithm
    this.#digests.set(offset, isKnown ? { digest, length: this.#offset - offset } : undefined)
    return offset
  }

  async next(length: number): Promise<SourcePart | undefined> {
    if (this.#offset >= this.size) return undefined
    const { env, sequence, stopping } = this.#run
    const { memory } = env.scheduler
    const offset = this.#take(length)
    const partLength = this.#offset - offset
    if (partLength > memory.capacity) throw tooLittleMemory(partLength, memory.capacity)
    const free = await memory.acquire(partLength, sequence, stopping)
    const buffer = env.buffers.take(partLength)
    return {
      offset,
      length: partLength,
      location: { kind: 'memory', buffer, offset: 0 },
      fill: () => this.#fill(buffer, offset, partLength, length),
      release: () => {
        env.buffers.give(buffer)
        free()
      },
    }
  }

  /** @throws ERR_CHECKSUM_MISMATCH when what came is not what is stored */
  async verify(): Promise<void> {
    const { proof, partSize } = this.#object
    const digests = [...this.#digests].sort(([a], [b]) => a - b).map(([, digest]) => digest)
    if (proof.stored === undefined || !digests.every((digest) => digest !== undefined)) return
    const isWhole = this.size <= partSize
    const hasBorders = proof.storedPartSize === undefined || partSize % proof.storedPartSize === 0
    // Of parts that lie across the borders of stored ones nothing can be said; nor of a hash in pieces.
    if (!isWhole && (proof.wholePass || !hasBorders)) return
    if (!isWhole && proof.exactParts && partSize !== proof.storedPartSize) return
    const single = digests[0]
    const received =
      isWhole && proof.wholePass && single !== undefined
        ? { ...proof.stored, value: Buffer.from(single.digest).toString('base64') }
        : await checksumOf(proof, digests)
    const { bucket, key } = this.#object.object
    const context = { ...this.#run.context, bucket, key }
    this.#verified = compareReceived(proof.stored, received, context)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #take(length: number): number {
    const offset = this.#offset
    this.#offset = Math.min(offset + length, this.size)
    return offset
  }

  async #fill(
    buffer: SharedArrayBuffer,
    offset: number,
    length: number,
    partSize: number,
  ): Promise<void> {
    const partNumber = Math.floor(offset / partSize) + 1
    const sink = { kind: 'memory', buffer, offset: 0 } as const
    const digest = await fetchRange(this.#run, this.#fetch, { offset, length }, partNumber, sink)
    this.#digests.set(offset, digest)
    // What is there as a whole is proved before any of it is sent.
    if (length === this.size) await this.verify()
  }
}

function algorithmOf({ stored }: DownloadProof): ChecksumAlgorithm {
  assert(stored !== undefined && !isCombinable(stored.algorithm), 'a pass is for a hash')
  return stored.algorithm
}

function tooLittleMemory(length: number, limit: number): TransferError {
  const message =
    `A part of a copy is held in memory: ${formatSize(length)} do not fit into ` +
    `\`memoryLimit\` (${formatSize(limit)}). Raise it, or choose a smaller \`partSize\`.`
  return new TransferError('ERR_OPTION_INVALID', message, { option: 'memoryLimit' })
}
