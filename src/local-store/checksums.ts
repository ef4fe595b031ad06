/**
 * The store's own checksums: incremental, one interface for all. It shares nothing with the
 * engine under test: a full-object CRC here always comes from the bytes and is never combined
 * from the CRCs of parts, so that it judges the combination the client made.
 *
 * The hash-wasm algorithms have one WebAssembly instance each, whose state is swapped in and
 * out when another running checksum takes its turn; that costs some 5 µs per turn and keeps
 * `createChecksum` synchronous and without a limit on how many run at once.
 */

import { createHash } from 'node:crypto'
import { crc32 as zlibCrc32 } from 'node:zlib'
import { crc32c as nativeCrc32c } from '@node-rs/crc32'
import {
  createCRC64,
  createXXHash128,
  createXXHash3,
  createXXHash64,
  type IHasher,
} from 'hash-wasm'

/** Every algorithm of `x-amz-checksum-algorithm`, as S3 spells them. */
export const CHECKSUM_ALGORITHMS = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
] as const

export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]

/** A checksum being fed; `digest` ends it and gives the raw bytes, big-endian for CRCs. */
export interface RunningChecksum {
  update(chunk: Uint8Array): void
  digest(): Buffer
}

/** CRC-64/NVME, reflected polynomial. Source: NVM Express NVM Command Set 1.0d, 5.2.1.3.4. */
const CRC64NVME_POLYNOMIAL = '9a6c9329ac4bc9b5'

/** Raw length of each digest in bytes; what a header value must decode to. */
const DIGEST_LENGTHS: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
}

/** One WebAssembly instance and whose state it holds at the moment. */
interface SharedHasher {
  readonly hasher: IHasher
  owner: SwappedChecksum | undefined
}

const [crc64nvme, xxHash64, xxHash3, xxHash128] = (
  await Promise.all([
    createCRC64(CRC64NVME_POLYNOMIAL),
    createXXHash64(),
    createXXHash3(),
    createXXHash128(),
  ])
).map((hasher): SharedHasher => ({ hasher, owner: undefined })) as [
  SharedHasher,
  SharedHasher,
  SharedHasher,
  SharedHasher,
]

/** Starts a checksum. */
export function createChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'CRC32':
      return new Crc32Checksum(zlibCrc32)
    case 'CRC32C':
      return new Crc32Checksum(nativeCrc32c)
    case 'CRC64NVME':
      return new SwappedChecksum(crc64nvme)
    case 'XXHASH64':
      return new SwappedChecksum(xxHash64)
    case 'XXHASH3':
      return new SwappedChecksum(xxHash3)
    case 'XXHASH128':
      return new SwappedChecksum(xxHash128)
    default:
      return createHash(algorithm.toLowerCase())
  }
}

/** Name of the header that carries a value, in lower case: `x-amz-checksum-crc32`. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`
}

/** The algorithm of a name in any case; undefined for a name S3 does not know. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const upper = name.toUpperCase()
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === upper)
}

/** Raw bytes of a header value; undefined when it is not base64 of the right length. */
export function parseChecksum(algorithm: ChecksumAlgorithm, value: string): Buffer | undefined {
  const bytes = Buffer.from(value, 'base64')
  const good = bytes.length === DIGEST_LENGTHS[algorithm] && bytes.toString('base64') === value
  return good ? bytes : undefined
}

/** A multipart object's COMPOSITE value: base64 of the digest of the digests, then `-N`. */
export function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  partDigests: readonly Buffer[],
): string {
  const running = createChecksum(algorithm)
  for (const digest of partDigests) running.update(digest)
  return `${running.digest().toString('base64')}-${partDigests.length}`
}

class Crc32Checksum implements RunningChecksum {
  readonly #crc: (data: Buffer, previous?: number) => number
  #value = 0

  constructor(crc: (data: Buffer, previous?: number) => number) {
    this.#crc = crc
  }

  update(chunk: Uint8Array): void {
    this.#value = this.#crc(asBuffer(chunk), this.#value)
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.#value)
    return bytes
  }
}

class SwappedChecksum implements RunningChecksum {
  readonly #shared: SharedHasher
  #state: Uint8Array | undefined

  constructor(shared: SharedHasher) {
    this.#shared = shared
  }

  update(chunk: Uint8Array): void {
    this.#take().update(chunk)
  }

  digest(): Buffer {
    const bytes = Buffer.from(this.#take().digest('binary'))
    this.#shared.owner = undefined
    return bytes
  }

  #take(): IHasher {
    const { hasher, owner } = this.#shared
    if (owner === this) return hasher
    if (owner !== undefined) owner.#state = hasher.save()
    if (this.#state === undefined) hasher.init()
    else hasher.load(this.#state)
    this.#shared.owner = this
    return hasher
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk)
    ? chunk
    : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
