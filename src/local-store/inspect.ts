/** Looking into the store from the same process, past HTTP: for tests and benchmarks. */

import { createHash } from 'node:crypto'
import { PatternBackend } from './backend-pattern.ts'
import { createChecksum } from './checksums.ts'
import type { StoreContext } from './context.ts'
import { opaqueEtag } from './intake.ts'
import { checkKey } from './keys.ts'
import { wholeBlob } from './model.ts'
import type { ObjectVersion, StoredChecksum } from './model.ts'
import { readAttributes } from './object-headers.ts'

/** Largest pattern object whose digests are computed when it is made. Source: some 0.2 s. */
const DIGEST_MAX = 64 * 1024 * 1024

/** What the store holds under a key. */
export interface StoredObject {
  readonly key: string
  readonly size: number
  /** Without quotes. */
  readonly etag: string
  readonly versionId: string
  readonly metadata: Readonly<Record<string, string>>
  readonly checksum: StoredChecksum | undefined
  /** Number of parts; undefined for an object of a single PUT. */
  readonly parts: number | undefined
  /** All bytes in one buffer; for objects that fit in memory. */
  bytes(): Buffer
}

/** Current objects of a bucket in key order. */
export function listStored(store: StoreContext, name: string): readonly StoredObject[] {
  const bucket = store.catalog.bucket(name)
  return bucket.keys.flatMap((key) => {
    const version = bucket.current(key)
    return version === undefined ? [] : [describe(store, version)]
  })
}

/** Makes an object of the pattern back end. */
export function storePatternObject(
  store: StoreContext,
  bucket: string,
  key: string,
  size: number,
): StoredObject {
  const { backend } = store
  if (!(backend instanceof PatternBackend)) {
    throw new Error('putPatternObject needs a store with the pattern back end.')
  }
  checkKey(key)
  const segments = wholeBlob(backend.virtualBlob(key, size))
  const small = size <= DIGEST_MAX
  const md5 = createHash('md5')
  const crc = createChecksum('CRC32')
  const source = store.catalog.ledger.open(segments)
  for (const chunk of small ? source.chunks() : []) {
    md5.update(chunk)
    crc.update(chunk)
  }
  const value = crc.digest().toString('base64')
  const version = store.catalog.addVersion({
    bucket,
    key,
    deleteMarker: false,
    lastModified: Math.floor(store.now() / 1000) * 1000,
    size,
    etag: small && store.md5 ? md5.digest('hex') : opaqueEtag(),
    segments,
    attributes: readAttributes({}),
    checksum: small ? { algorithm: 'CRC32', type: 'FULL_OBJECT', value } : undefined,
  })
  source.close()
  return describe(store, version)
}

function describe(store: StoreContext, version: ObjectVersion): StoredObject {
  return {
    key: version.key,
    size: version.size,
    etag: version.etag,
    versionId: version.versionId,
    metadata: version.attributes.metadata,
    checksum: version.checksum,
    parts: version.multipart?.parts.length,
    bytes: () => {
      const source = store.catalog.ledger.open(version.segments)
      try {
        return Buffer.concat([...source.chunks()].map((chunk) => Buffer.from(chunk)))
      } finally {
        source.close()
      }
    },
  }
}
