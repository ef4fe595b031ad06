/**
 * Names that were seen, by their digests of 20 bytes: some 50 bytes of memory each at most, however long
 * they are, where a set of texts takes a hundred and more.
 */

import { hash } from 'node:crypto'

/** 32-bit words kept of each digest. */
const WORDS = 5

/** Filled slots of all, above which the table is doubled. */
const LOAD_MAX = 0.75

export class DigestSet {
  #slots = 1024
  #table = new Uint32Array(this.#slots * WORDS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Takes a name; one that is there already is not counted twice. */
  add(name: string): void {
    const digest = digestOf(name)
    const slot = this.#find(digest)
    if (!this.#isFree(slot)) return
    this.#table.set(digest, slot * WORDS)
    this.#size += 1
    if (this.#size > this.#slots * LOAD_MAX) this.#grow()
  }

  has(name: string): boolean {
    return !this.#isFree(this.#find(digestOf(name)))
  }

  /** Where a digest is, or the free slot where it belongs. */
  #find(digest: Uint32Array): number {
    let slot = (digest[0] as number) % this.#slots
    while (!this.#isFree(slot) && !this.#isAt(slot, digest)) slot = (slot + 1) % this.#slots
    return slot
  }

  /** The first word of a digest is never 0. */
  #isFree(slot: number): boolean {
    return this.#table[slot * WORDS] === 0
  }

  #isAt(slot: number, digest: Uint32Array): boolean {
    return digest.every((word, index) => this.#table[slot * WORDS + index] === word)
  }

  #grow(): void {
    const old = this.#table
    this.#slots *= 2
    this.#table = new Uint32Array(this.#slots * WORDS)
    for (let at = 0; at < old.length; at += WORDS) {
      if (old[at] === 0) continue
      const digest = old.subarray(at, at + WORDS)
      this.#table.set(digest, this.#find(digest) * WORDS)
    }
  }
}

function digestOf(name: string): Uint32Array {
  const bytes = hash('sha1', name, 'buffer')
  const words = new Uint32Array(WORDS)
  for (let index = 0; index < WORDS; index += 1) words[index] = bytes.readUInt32LE(index * 4)
  if (words[0] === 0) words[0] = 1
  return words
}
