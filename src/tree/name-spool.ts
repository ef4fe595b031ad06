/**
 * Names that are to be dealt with later, perhaps a million of them: as bytes, which take a fraction
 * of what strings take.
 */

import { MiB } from '../units.ts'

/** Bytes of a block. Source: none, reasonable default. */
const BLOCK = MiB

export class NameSpool {
  readonly #blocks: Buffer[] = []
  #used = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Takes a name; names have no NUL. */
  add(name: string): void {
    const needed = Buffer.byteLength(name) + 1
    let block = this.#blocks.at(-1)
    if (block === undefined || this.#used + needed > block.length) {
      if (block !== undefined) this.#blocks[this.#blocks.length - 1] = block.subarray(0, this.#used)
      block = Buffer.allocUnsafe(Math.max(BLOCK, needed))
      this.#blocks.push(block)
      this.#used = 0
    }
    this.#used += block.write(name, this.#used)
    block[this.#used] = 0
    this.#used += 1
    this.#length += 1
  }

  /** All names, in the order they came. */
  *[Symbol.iterator](): Generator<string> {
    for (const [index, block] of this.#blocks.entries()) {
      const end = index === this.#blocks.length - 1 ? this.#used : block.length
      for (let start = 0; start < end;) {
        const stop = block.indexOf(0, start)
        yield block.toString('utf8', start, stop)
        start = stop + 1
      }
    }
  }
}
