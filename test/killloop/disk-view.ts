/**
 * What a store keeps on disk, read past the store: so it can be looked at while the store is dead, and
 * is what the next one will find. Records and blobs as `src/local-store/backend-disk.ts` lays them out.
 */

import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { MiB } from 'transfer-engine'
import { nameOf } from './ledger.ts'
import type { UploadSeen } from './store-view.ts'

/** Bytes read at a time. */
const BLOCK = MiB

interface VersionRecord {
  readonly key: string
  /** Epoch milliseconds. */
  readonly lastModified: number
  readonly sequence: number
  readonly segments: readonly {
    readonly blob: { readonly id: string }
    readonly offset: number
    readonly length: number
  }[]
}

interface UploadRecord {
  readonly id: string
  readonly key: string
}

interface PartRecord {
  readonly uploadId: string
  readonly part: { readonly number: number }
}

/** The newest object at a key. */
export interface ObjectSeen {
  readonly lastModified: number
  /** In pieces. */
  bytes(): Iterable<Uint8Array>
}

export class DiskView {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** The bytes of the newest object at a key. */
  object(key: string): Iterable<Uint8Array> | undefined {
    const versions = this.#records<VersionRecord>('version').filter((each) => each.key === key)
    const [newest] = versions.sort((a, b) => b.sequence - a.sequence)
    return newest && this.#bytesOf(newest)
  }

  /** All objects, by key. */
  objects(): ReadonlyMap<string, ObjectSeen> {
    const versions = this.#records<VersionRecord>('version')
    versions.sort((a, b) => a.sequence - b.sequence)
    return new Map(
      versions.map((version) => {
        const { key, lastModified } = version
        return [key, { lastModified, bytes: () => this.#bytesOf(version) }]
      }),
    )
  }

  uploads(): readonly UploadSeen[] {
    const parts = this.#records<PartRecord>('part')
    return this.#records<UploadRecord>('upload').map(({ id: uploadId, key }) => {
      return { key, uploadId, parts: parts.filter((part) => part.uploadId === uploadId).length }
    })
  }

  partCount(): number {
    return readdirSync(join(this.#dir, 'records', 'part')).length
  }

  stored(): ReadonlySet<string> {
    const parts = this.#records<PartRecord>('part')
    return new Set(parts.map(({ uploadId: upload, part }) => nameOf({ upload, part: part.number })))
  }

  *#bytesOf({ segments }: VersionRecord): Generator<Uint8Array> {
    const block = Buffer.allocUnsafe(BLOCK)
    for (const { blob, offset, length } of segments) {
      const file = openSync(join(this.#dir, 'blobs', blob.id.slice(0, 2), blob.id), 'r')
      try {
        for (let done = 0; done < length;) {
          const wanted = Math.min(BLOCK, length - done)
          const read = readSync(file, block, 0, wanted, offset + done)
          if (read === 0) throw new Error(`the blob ${blob.id} is shorter than its record says`)
          done += read
          yield Buffer.from(block.subarray(0, read))
        }
      } finally {
        closeSync(file)
      }
    }
  }

  #records<T>(kind: string): T[] {
    const dir = join(this.#dir, 'records', kind)
    return readdirSync(dir).flatMap((name) => {
      const text = name.endsWith('.json') ? textOf(join(dir, name)) : undefined
      return text === undefined ? [] : [JSON.parse(text) as T]
    })
  }
}

/** `undefined` when it is gone meanwhile; a record that is there is whole. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
