import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  CHECKSUM_ALGORITHMS,
  CHECKSUMS,
  loadChecksum,
  type ChecksumFactory,
} from '../../src/checksum/algorithms.ts'
import { combineAll, combineCrc } from '../../src/checksum/combine.ts'
import { decodeDigest, encodeDigest, parseStoredChecksum } from '../../src/checksum/encoding.ts'
import { TiB } from '../../src/units.ts'

const COMBINABLE = ['CRC32', 'CRC32C', 'CRC64NVME'] as const
const data = fc.uint8Array({ maxLength: 40_000, size: 'max' })
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function digestOf(start: ChecksumFactory, ...chunks: Uint8Array[]): Uint8Array {
  const checksum = start()
  for (const chunk of chunks) checksum.update(chunk)
  return checksum.digest()
}

/** Cuts `bytes` at the given fractions; equal fractions give empty pieces, 0 and 1 empty ends. */
function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const edges = fractions.map((x) => Math.floor(x * bytes.length)).sort((a, b) => a - b)
  const bounds = [0, ...edges, bytes.length]
  return bounds.slice(1).map((end, i) => bytes.subarray(bounds[i], end))
}

describe.each(CHECKSUM_ALGORITHMS)('%s', (algorithm) => {
  it('does not depend on how its bytes arrive', async () => {
    const start = await loadChecksum(algorithm)
    fc.assert(
      fc.property(data, cuts, (bytes, fractions) => {
        expect(hex(digestOf(start, ...cutAt(bytes, fractions)))).toBe(hex(digestOf(start, bytes)))
      }),
    )
  })

  it('does not depend on what else is being computed', async () => {
    const start = await loadChecksum(algorithm)
    const turns = fc.array(fc.nat(3), { maxLength: 40 })
    fc.assert(
      fc.property(data, turns, (bytes, turns) => {
        const running = [start(), start(), start(), start()]
        const fed: Uint8Array[][] = [[], [], [], []]
        for (const [i, turn] of turns.entries()) {
          const chunk = bytes.subarray(i * 1000, (i + 1) * 1000)
          running[turn]!.update(chunk)
          fed[turn]!.push(chunk)
        }
        const digests = running.map((checksum) => hex(checksum.digest()))
        expect(digests).toEqual(fed.map((chunks) => hex(digestOf(start, ...chunks))))
      }),
    )
  })

  it('survives being written as text', () => {
    const length = CHECKSUMS[algorithm].bytes
    const digest = fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(digest, fc.integer({ min: 1, max: 10_000 }), (digest, parts) => {
        const text = encodeDigest(digest)
        expect(decodeDigest(text)).toEqual(digest)
        expect(parseStoredChecksum(text, algorithm)).toEqual({ digest })
        expect(parseStoredChecksum(`${text}-${parts}`, algorithm)).toEqual({ digest, parts })
      }),
    )
  })
})

describe.each(COMBINABLE)('a combined %s', (algorithm) => {
  it('equals the checksum of the whole for any split, empty parts and tails included', async () => {
    const start = await loadChecksum(algorithm)
    fc.assert(
      fc.property(data, cuts, (bytes, fractions) => {
        const parts = cutAt(bytes, fractions).map((part) => ({
          digest: digestOf(start, part),
          length: part.length,
        }))
        const whole = hex(digestOf(start, bytes))
        expect(hex(combineAll(algorithm, parts))).toBe(whole)
        const empty = { digest: digestOf(start), length: 0 }
        expect(hex(combineAll(algorithm, [empty, ...parts, empty]))).toBe(whole)
      }),
    )
  })

  it('does not depend on the order of combining, up to 50 TiB', async () => {
    const bytes = CHECKSUMS[algorithm].bytes
    const digest = fc.uint8Array({ minLength: bytes, maxLength: bytes })
    const length = fc.integer({ min: 0, max: 25 * TiB })
    fc.assert(
      fc.property(digest, digest, digest, length, length, (a, b, c, lengthB, lengthC) => {
        const ab = combineCrc(algorithm, a, b, lengthB)
        const bc = combineCrc(algorithm, b, c, lengthC)
        expect(combineCrc(algorithm, ab, c, lengthC)).toEqual(
          combineCrc(algorithm, a, bc, lengthB + lengthC),
        )
      }),
    )
  })
})
