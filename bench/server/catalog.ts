/**
 * What the server knows of objects and uploads in progress: sizes, checksums and headers, never
 * bytes. An object that was published has the content of its key; one that arrived has it too if
 * its CRC32 is that of its key, and only then can it be read back.
 */

import { createHash } from 'node:crypto'
import { contentSlices, crcBytes, crcOf, joinCrc, nameOf } from './content.ts'

/** Checksums a request carried or an object has, by header name: `x-amz-checksum-crc32`. */
export type Checksums = Readonly<Record<string, string>>

export interface ObjectRecord {
  readonly key: string
  readonly size: number
  /** With its quotes. */
  readonly etag: string
  readonly modifiedMs: number
  /** Unsigned. */
  readonly crc32: number
  readonly checksums: Checksums
  readonly checksumType: ChecksumType
  /** Lines of type, encoding and metadata, as they are sent back. */
  readonly headers: string
  /** Sizes of the parts it was made of; one for a single PUT. */
  readonly partSizes: readonly number[]
  readonly isPublished: boolean
}

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

export interface PartRecord {
  readonly number: number
  readonly size: number
  readonly crc32: number
  readonly etag: string
  readonly checksums: Checksums
}

export interface UploadRecord {
  readonly id: string
  readonly key: string
  readonly startedMs: number
  readonly headers: string
  /** `CRC32`, as the client named it. */
  readonly algorithm: string | undefined
  readonly checksumType: ChecksumType
  readonly parts: Map<number, PartRecord>
}

/** What arrived under a key, computed from the bytes themselves. */
export interface ReceivedObject {
  readonly key: string
  readonly size: number
  readonly crc32: number
}

/** Published objects look as if a common client had sent them in parts of this size. */
const PUBLISHED_PART = 8 * 1024 * 1024

/**
 * Up to here published objects have the MD5 of their content as ETag, which some clients compare,
 * and computing it when publishing is cheap. Source: the size from which most clients use parts.
 */
const MD5_MAX = 16 * 1024 * 1024

const DEFAULT_HEADERS = 'Content-Type: binary/octet-stream\r\n'

export class Catalog {
  readonly #objects = new Map<string, ObjectRecord>()
  readonly uploads = new Map<string, UploadRecord>()
  /** All keys in order, while nothing changes. */
  #sorted: readonly string[] | undefined
  /** Of published objects whose content was compared already. */
  readonly #readable = new Set<string>()

  get(key: string): ObjectRecord | undefined {
    return this.#objects.get(key)
  }

  put(object: ObjectRecord): void {
    this.#objects.set(object.key, object)
    this.#readable.delete(object.key)
    this.#sorted = undefined
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#sorted = undefined
  }

  /** All keys, in order. */
  keys(): readonly string[] {
    return (this.#sorted ??= [...this.#objects.keys()].sort())
  }

  /** Whether the content of the key is what arrived. */
  isReadable(object: ObjectRecord): boolean {
    if (object.isPublished || this.#readable.has(object.key)) return true
    if (crcOf(object.key, object.size) !== object.crc32) return false
    this.#readable.add(object.key)
    return true
  }

  /** @param modifiedMs what the objects say of their time */
  publish(prefix: string, count: number, size: number, modifiedMs: number = Date.now()): void {
    for (let index = 0; index < count; index += 1) {
      this.put(publishedObject(count === 1 ? prefix : prefix + nameOf(index), size, modifiedMs))
    }
  }

  /** Drops what was published, too. */
  clear(prefix: string): void {
    for (const key of this.#objects.keys()) if (key.startsWith(prefix)) this.delete(key)
    this.forget(prefix)
  }

  /** Objects that came from clients. */
  received(prefix: string): ReceivedObject[] {
    return [...this.#objects.values()]
      .filter(({ key, isPublished }) => !isPublished && key.startsWith(prefix))
      .map(({ key, size, crc32 }) => ({ key, size, crc32 }))
  }

  /** Drops what came from clients, and uploads that were begun. */
  forget(prefix: string): void {
    for (const { key } of this.received(prefix)) this.delete(key)
    for (const [id, { key }] of this.uploads) {
      if (key.startsWith(prefix)) this.uploads.delete(id)
    }
  }
}

/** CRC32 and size of parts one behind the other. */
export function joinParts(parts: readonly PartRecord[]): { size: number; crc32: number } {
  let size = 0
  let crc = 0
  for (const part of parts) {
    crc = joinCrc(crc, part.crc32, part.size)
    size += part.size
  }
  return { size, crc32: crc }
}

/** In the form of a multipart ETag, so that nobody takes it for an MD5. */
export function opaqueEtag(crc: number, size: number, parts: number): string {
  const digits = crc.toString(16).padStart(8, '0') + size.toString(16).padStart(24, '0')
  return `"${digits}-${parts}"`
}

function publishedObject(key: string, size: number, modifiedMs: number): ObjectRecord {
  const crc = crcOf(key, size)
  const partSizes: number[] = []
  const partSize = size <= MD5_MAX ? size : PUBLISHED_PART
  for (let done = 0; done < size; done += partSize) partSizes.push(Math.min(partSize, size - done))
  return {
    key,
    size,
    etag: size <= MD5_MAX ? md5Of(key, size) : opaqueEtag(crc, size, partSizes.length),
    modifiedMs,
    crc32: crc,
    checksums: { 'x-amz-checksum-crc32': encodeCrc(crc) },
    checksumType: 'FULL_OBJECT',
    headers: DEFAULT_HEADERS,
    partSizes: partSizes.length === 0 ? [0] : partSizes,
    isPublished: true,
  }
}

function md5Of(key: string, size: number): string {
  const hash = createHash('md5')
  for (const slice of contentSlices(key, 0, size)) hash.update(slice)
  return `"${hash.digest('hex')}"`
}

export function encodeCrc(crc: number): string {
  return crcBytes(crc).toString('base64')
}
