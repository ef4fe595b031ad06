/**
 * The libraries behind each checksum, behind one interface. Used through `algorithms.ts`.
 *
 * A library is imported when its algorithm is first asked for, once per thread. Updates copy
 * and keep nothing on our side: CRCs carry a number, WebAssembly has its state in its own memory.
 *
 * One WebAssembly instance serves every checksum of its algorithm on a thread, because making an
 * instance is asynchronous and starting a checksum must not be. It belongs to one checksum at a
 * time; when another one updates, the state (at most 580 bytes) is swapped, which costs about
 * 5 microseconds and happens only when parts of one thread interleave.
 */

import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { crc32 as zlibCrc32 } from 'node:zlib'

import type * as NativeCrc from '@node-rs/crc32'
import type { IHasher } from 'hash-wasm'

import { assert } from '../assert.ts'

/** A checksum in the making. It may not be used after `digest`. */
export interface RunningChecksum {
  /** Adds bytes. They are read before this returns; the caller may overwrite them then. */
  update(chunk: Uint8Array): void
  /** Ends it. The bytes are big-endian, as S3 encodes them in base64. */
  digest(): Uint8Array
}

export type ChecksumFactory = () => RunningChecksum

/** Continues a 32-bit CRC: the one of the bytes so far, which starts at 0 → with these too. */
type UpdateCrc = (chunk: Uint8Array, crc: number) => number

/**
 * CRC-32 polynomial of Castagnoli, reflected.
 * Source: RFC 3720, appendix B.4.
 */
const CRC32C_POLYNOMIAL = 0x82f63b78

/**
 * CRC-64/NVME polynomial, reflected, in the notation of hash-wasm.
 * Source: NVM Express NVM Command Set specification 1.0, section 5.2.1.3.4.
 */
const CRC64NVME_POLYNOMIAL = '9a6c9329ac4bc9b5'

const NATIVE_LIBRARY = '@node-rs/crc32'

/** CRC32 from the native library, or from Node itself where that has no build. */
export function loadCrc32(library: string = NATIVE_LIBRARY): ChecksumFactory {
  const native = loadNativeCrc(library)
  return native ? crcFactory(native.crc32) : loadPortableCrc32()
}

/** CRC32C from the native library, or from WebAssembly where that has no build. */
export async function loadCrc32c(library: string = NATIVE_LIBRARY): Promise<ChecksumFactory> {
  const native = loadNativeCrc(library)
  return native ? crcFactory(native.crc32c) : loadPortableCrc32c()
}

/** CRC32 without native code of ours; a third of the speed. */
export function loadPortableCrc32(): ChecksumFactory {
  return crcFactory(zlibCrc32)
}

/** CRC32C without native code; a third of the speed. */
export async function loadPortableCrc32c(): Promise<ChecksumFactory> {
  const { createCRC32 } = await import('hash-wasm')
  return wasmFactory(await createCRC32(CRC32C_POLYNOMIAL))
}

export async function loadCrc64Nvme(): Promise<ChecksumFactory> {
  const { createCRC64 } = await import('hash-wasm')
  return wasmFactory(await createCRC64(CRC64NVME_POLYNOMIAL))
}

export async function loadXxHash(variant: '64' | '3' | '128'): Promise<ChecksumFactory> {
  const { createXXHash64, createXXHash3, createXXHash128 } = await import('hash-wasm')
  const create = { '64': createXXHash64, '3': createXXHash3, '128': createXXHash128 }[variant]
  return wasmFactory(await create(0, 0))
}

/** MD5 and the SHA family, from Node. `name` is OpenSSL's. */
export function cryptoFactory(name: string): ChecksumFactory {
  return () => {
    const hash = createHash(name)
    return {
      update(chunk) {
        hash.update(chunk)
      },
      digest: () => hash.digest(),
    }
  }
}

/**
 * Undefined where no prebuilt binary fits this platform, or where it was not installed. By
 * `require`: the module loader takes 29 ms of CPU for it instead of 6.
 */
function loadNativeCrc(name: string): typeof NativeCrc | undefined {
  try {
    return createRequire(import.meta.url)(name) as typeof NativeCrc
  } catch {
    return undefined
  }
}

function crcFactory(updateCrc: UpdateCrc): ChecksumFactory {
  return () => {
    let crc = 0
    let ended = false
    return {
      update(chunk) {
        assert(!ended, 'a checksum is not updated after its end')
        crc = updateCrc(chunk, crc)
      },
      digest() {
        assert(!ended, 'a checksum ends once')
        ended = true
        const bytes = new Uint8Array(4)
        new DataView(bytes.buffer).setUint32(0, crc)
        return bytes
      },
    }
  }
}

function wasmFactory(hasher: IHasher): ChecksumFactory {
  const shared = new SharedHasher(hasher)
  return () => new WasmChecksum(shared)
}

/** One instance, lent to one checksum at a time. */
class SharedHasher {
  readonly #hasher: IHasher
  #owner: WasmChecksum | undefined

  constructor(hasher: IHasher) {
    this.#hasher = hasher
  }

  /** The instance, holding the state of `checksum`. */
  lend(checksum: WasmChecksum): IHasher {
    if (this.#owner === checksum) return this.#hasher
    if (this.#owner !== undefined) this.#owner.saved = this.#hasher.save()
    if (checksum.saved === undefined) this.#hasher.init()
    else this.#hasher.load(checksum.saved)
    this.#owner = checksum
    return this.#hasher
  }

  /** Digesting destroys the state, so nobody owns it afterwards. */
  giveBack(): void {
    this.#owner = undefined
  }
}

class WasmChecksum implements RunningChecksum {
  /** State while another checksum has the instance. */
  saved: Uint8Array | undefined
  readonly #shared: SharedHasher
  #ended = false

  constructor(shared: SharedHasher) {
    this.#shared = shared
  }

  update(chunk: Uint8Array): void {
    assert(!this.#ended, 'a checksum is not updated after its end')
    this.#shared.lend(this).update(chunk)
  }

  digest(): Uint8Array {
    assert(!this.#ended, 'a checksum ends once')
    this.#ended = true
    const digest = this.#shared.lend(this).digest('binary')
    this.#shared.giveBack()
    return digest
  }
}
