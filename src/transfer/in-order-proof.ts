/**
 * The proof of an ordered read whose stored checksum is a hash: ranges of it cannot be combined, so
 * the bytes are hashed in their order as they are handed out. A composite of hashes starts a new
 * one at each border of a stored part.
 */

import { loadChecksum, type ChecksumFactory, type RunningChecksum } from '../checksum/algorithms.ts'
import { compositeChecksum } from '../checksum/combine.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import type { DownloadProof } from './download-proof.ts'
import type { Checksum } from './results.ts'

export class InOrderProof {
  readonly #stored: Checksum
  readonly #create: ChecksumFactory
  /** Bytes until the next border. */
  readonly #partSize: number
  readonly #digests: Uint8Array[] = []
  #running: RunningChecksum
  #hashed = 0

  private constructor(stored: Checksum, create: ChecksumFactory, partSize: number) {
    this.#stored = stored
    this.#create = create
    this.#partSize = partSize
    this.#running = create()
  }

  /** `undefined` when ranges can be combined, or nothing is compared. */
  static async start(proof: DownloadProof): Promise<InOrderProof | undefined> {
    const { stored, wholePass, exactParts, storedPartSize } = proof
    if (stored === undefined || !(wholePass || exactParts)) return undefined
    const create = await loadChecksum(stored.algorithm)
    return new InOrderProof(stored, create, exactParts ? (storedPartSize ?? Infinity) : Infinity)
  }

  update(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#hashed === this.#partSize) this.#nextPart()
      const piece = rest.subarray(0, this.#partSize - this.#hashed)
      this.#running.update(piece)
      this.#hashed += piece.length
      rest = rest.subarray(piece.length)
    }
  }

  /** The checksum of everything, in the shape of the stored one. */
  async finish(): Promise<Checksum> {
    const { algorithm, type } = this.#stored
    const last = this.#running.digest()
    const value =
      type === 'COMPOSITE'
        ? await compositeChecksum(algorithm, [...this.#digests, last])
        : encodeDigest(last)
    return { algorithm, value, type }
  }

  #nextPart(): void {
    this.#digests.push(this.#running.digest())
    this.#running = this.#create()
    this.#hashed = 0
  }
}
