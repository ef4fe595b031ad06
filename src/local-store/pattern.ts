/**
 * Bytes that are a function of key and offset, so that a range written or served in the wrong
 * place never looks right. Each 16-byte block holds, as little-endian words,
 *
 *   block number (low) ^ k0 │ block number (high) ^ k1 │ mix of both │ mix ^ k3
 *
 * with k0…k3 from the SHA-256 of the key. The first two words tell a reader where it is.
 */

import { createHash } from 'node:crypto'

const BLOCK = 16

/** Bytes needed to find out where in a pattern they lie: one whole block at any phase. */
export const PATTERN_PROBE = 2 * BLOCK

type PatternSeed = readonly [number, number, number, number]

/**
 * The pattern of a key from an offset on.
 *
 * @param target - how many bytes to make, or the buffer to fill.
 * @example
 * ```ts
 * await writeFile('big.bin', patternBytes('big.bin', 0, 64 * 1024 * 1024))
 * ```
 */
export function patternBytes(key: string, offset: number, target: number | Buffer): Buffer {
  const out = typeof target === 'number' ? Buffer.allocUnsafe(target) : target
  fillPattern(seedOf(key), offset, out)
  return out
}

/** Fills a buffer; the fast path needs a block-aligned offset and a word-aligned buffer. */
function fillPattern(seed: PatternSeed, offset: number, out: Buffer): void {
  const phase = offset % BLOCK
  const aligned = phase === 0 && out.byteOffset % 4 === 0 && out.length % BLOCK === 0
  if (aligned) {
    fillBlocks(seed, offset / BLOCK, new Int32Array(out.buffer, out.byteOffset, out.length / 4))
    return
  }
  const words = new Int32Array((Math.ceil((phase + out.length) / BLOCK) * BLOCK) / 4)
  fillBlocks(seed, (offset - phase) / BLOCK, words)
  Buffer.from(words.buffer).copy(out, 0, phase, phase + out.length)
}

function fillBlocks(seed: PatternSeed, firstBlock: number, words: Int32Array): void {
  const [k0, k1, k2, k3] = seed
  let low = (firstBlock % 0x1_0000_0000) | 0
  let high = Math.floor(firstBlock / 0x1_0000_0000) | 0
  for (let at = 0; at < words.length; at += 4) {
    const mixed = Math.imul(low ^ k2, 0x9e3779b1) ^ Math.imul(high + 1, 0x85ebca6b)
    words[at] = low ^ k0
    words[at + 1] = high ^ k1
    words[at + 2] = mixed
    words[at + 3] = (mixed >>> 15) ^ mixed ^ k3
    low = (low + 1) | 0
    if (low === 0) high = (high + 1) | 0
  }
}

/**
 * Offset at which the pattern of a key starts with these bytes (at least `PATTERN_PROBE`);
 * undefined when they are not from that pattern.
 */
export function locatePattern(key: string, head: Buffer): number | undefined {
  const seed = seedOf(key)
  for (let skipped = 0; skipped < BLOCK; skipped += 1) {
    const low = (head.readInt32LE(skipped) ^ seed[0]) >>> 0
    const high = (head.readInt32LE(skipped + 4) ^ seed[1]) >>> 0
    const offset = (high * 0x1_0000_0000 + low) * BLOCK - skipped
    if (!Number.isSafeInteger(offset) || offset < 0) continue
    const expected = patternBytes(key, offset, PATTERN_PROBE)
    if (expected.equals(head.subarray(0, PATTERN_PROBE))) return offset
  }
  return undefined
}

const seeds = new Map<string, PatternSeed>()
const SEEDS_MAX = 1000

function seedOf(key: string): PatternSeed {
  const known = seeds.get(key)
  if (known !== undefined) return known
  const hash = createHash('sha256').update(key).digest()
  const seed: PatternSeed = [
    hash.readInt32LE(0),
    hash.readInt32LE(4),
    hash.readInt32LE(8),
    hash.readInt32LE(12),
  ]
  if (seeds.size >= SEEDS_MAX) seeds.clear()
  seeds.set(key, seed)
  return seed
}
