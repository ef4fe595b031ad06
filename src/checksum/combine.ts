/**
 * Checksums of a whole from checksums of its parts, without reading a byte again.
 *
 * A CRC is a remainder of polynomials over GF(2), so crc(A followed by B) is crc(A) times
 * x^(8 * length of B), plus crc(B). The power is computed once per length and kept, because all
 * parts of a transfer but the last have the same length.
 *
 * Polynomials are held the way CRCs are, with the bits reflected: the highest bit of the width is
 * x^0 and a multiplication by x shifts right. One pair of 32-bit halves serves both widths; the
 * high half of a 32-bit CRC stays 0. Digests are big-endian bytes, lengths are bytes.
 */

import { createHash } from 'node:crypto'

import { assert } from '../assert.ts'
import {
  CHECKSUMS,
  loadChecksum,
  type ChecksumAlgorithm,
  type CombinableAlgorithm,
} from './algorithms.ts'
import { encodeDigest } from './encoding.ts'

/** The checksum of one part, and how many bytes it covers. */
export interface PartDigest {
  readonly digest: Uint8Array
  readonly length: number
}

interface Polynomial {
  readonly hi: number
  readonly lo: number
}

/** The ring CRCs of one algorithm live in. */
interface Ring {
  readonly width: 32 | 64
  readonly modulus: Polynomial
  readonly one: Polynomial
  /** x^8: what one more byte does. */
  readonly byte: Polynomial
  /** Length in bytes → x^(8 * length). */
  readonly powers: Map<number, Polynomial>
}

/**
 * Powers kept per algorithm. Each transfer uses a few lengths: its part size and its last part.
 * Source: none, reasonable default; a power costs about 20 microseconds to find again.
 */
const POWERS_MAX = 256

/** Source of the polynomials: IEEE 802.3; RFC 3720; NVM Command Set specification 1.0. */
const RINGS: Readonly<Record<CombinableAlgorithm, Ring>> = {
  CRC32: ring32(0xedb88320),
  CRC32C: ring32(0x82f63b78),
  CRC64NVME: {
    width: 64,
    modulus: { hi: 0x9a6c9329, lo: 0xac4bc9b5 },
    one: { hi: 0x80000000, lo: 0 },
    byte: { hi: 0x00800000, lo: 0 },
    powers: new Map(),
  },
}

/**
 * The CRC of two adjacent pieces of data.
 * @param left CRC of the first piece, of any length.
 * @param rightLength Bytes the CRC `right` covers; 0 is fine.
 */
export function combineCrc(
  algorithm: CombinableAlgorithm,
  left: Uint8Array,
  right: Uint8Array,
  rightLength: number,
): Uint8Array {
  assert(
    Number.isSafeInteger(rightLength) && rightLength >= 0,
    `a length is a count of bytes, not ${rightLength}`,
  )
  const ring = RINGS[algorithm]
  const shifted = multiply(ring, powerFor(ring, rightLength), toPolynomial(ring, left))
  const tail = toPolynomial(ring, right)
  return toDigest(ring, { hi: shifted.hi ^ tail.hi, lo: shifted.lo ^ tail.lo })
}

/** The CRC of all parts in the order given; of none at all, the CRC of no bytes. */
export function combineAll(
  algorithm: CombinableAlgorithm,
  parts: Iterable<PartDigest>,
): Uint8Array {
  let whole: Uint8Array = new Uint8Array(CHECKSUMS[algorithm].bytes)
  for (const part of parts) whole = combineCrc(algorithm, whole, part.digest, part.length)
  return whole
}

/**
 * The composite value S3 reports for a multipart object: the checksum of the raw checksums of its
 * parts in base64, a dash, and the number of parts.
 */
export async function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  digests: readonly Uint8Array[],
): Promise<string> {
  const { bytes, multipartTypes } = CHECKSUMS[algorithm]
  assert(multipartTypes.includes('COMPOSITE'), `${algorithm} has no composite value`)
  assert(digests.length > 0, 'a multipart object has parts')
  const start = await loadChecksum(algorithm)
  const checksum = start()
  for (const digest of digests) {
    assert(digest.length === bytes, `a digest of ${algorithm} has ${bytes} bytes`)
    checksum.update(digest)
  }
  return `${encodeDigest(checksum.digest())}-${digests.length}`
}

/** The ETag of an unencrypted multipart object, without quotes, from the MD5s of its parts. */
export function multipartEtag(md5s: readonly Uint8Array[]): string {
  assert(md5s.length > 0, 'a multipart object has parts')
  const hash = createHash('md5')
  for (const md5 of md5s) {
    assert(md5.length === CHECKSUMS.MD5.bytes, 'an MD5 has 16 bytes')
    hash.update(md5)
  }
  return `${hash.digest('hex')}-${md5s.length}`
}

function ring32(modulus: number): Ring {
  return {
    width: 32,
    modulus: { hi: 0, lo: modulus },
    one: { hi: 0, lo: 0x80000000 },
    byte: { hi: 0, lo: 0x00800000 },
    powers: new Map(),
  }
}

function powerFor(ring: Ring, length: number): Polynomial {
  const known = ring.powers.get(length)
  if (known !== undefined) return known
  const power = raise(ring, ring.byte, length)
  // A full map is dropped as a whole: the lengths in use come back at once.
  if (ring.powers.size >= POWERS_MAX) ring.powers.clear()
  ring.powers.set(length, power)
  return power
}

/** Lengths pass 32 bits, so the exponent is halved by division and not by a shift. */
function raise(ring: Ring, base: Polynomial, exponent: number): Polynomial {
  let result = ring.one
  let square = base
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(ring, result, square)
    square = multiply(ring, square, square)
  }
  return result
}

/** Adds `b` times x^k for each x^k in `a`, reducing on the way. */
function multiply(ring: Ring, a: Polynomial, b: Polynomial): Polynomial {
  const { modulus, width } = ring
  let { hi, lo } = b
  let productHi = 0
  let productLo = 0
  for (let k = 0; k < width; k += 1) {
    const word = width - k > 32 ? a.hi : a.lo
    const present = -((word >>> (31 - (k & 31))) & 1)
    productHi ^= hi & present
    productLo ^= lo & present
    const overflow = -(lo & 1)
    lo = ((lo >>> 1) | (hi << 31)) ^ (modulus.lo & overflow)
    hi = (hi >>> 1) ^ (modulus.hi & overflow)
  }
  return { hi: productHi, lo: productLo }
}

function toPolynomial(ring: Ring, digest: Uint8Array): Polynomial {
  assert(digest.length * 8 === ring.width, `a CRC has ${ring.width} bits`)
  const view = new DataView(digest.buffer, digest.byteOffset, digest.length)
  if (ring.width === 32) return { hi: 0, lo: view.getUint32(0) }
  return { hi: view.getUint32(0), lo: view.getUint32(4) }
}

function toDigest(ring: Ring, crc: Polynomial): Uint8Array {
  const digest = new Uint8Array(ring.width / 8)
  const view = new DataView(digest.buffer)
  if (ring.width === 64) view.setUint32(0, crc.hi)
  view.setUint32(ring.width / 8 - 4, crc.lo)
  return digest
}
