/**
 * The bed each test of the whole engine lies in: a strict store, an engine, a directory. When it
 * is closed it asserts what must hold after every transfer, however that ended: no multipart
 * upload is open or noted as open, no journal or temporary file lies about, no socket or file is left open.
 */

import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { startLocalStore, type LocalStore, type LocalStoreOptions } from 'transfer-engine/testing'
import { TransferEngine, type EngineOptions } from 'transfer-engine'
import { afterAll, beforeAll, expect } from 'vitest'
import { descriptors, leftOpen } from './descriptors.ts'
import { sdkClient } from './sdk-client.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
// Stores are on this machine, whatever its way to the outside is. Tests of proxies set their own.
for (const name of Object.keys(process.env)) {
  if (/^(http|https|all|no)_proxy$/i.test(name)) delete process.env[name]
}

export const BUCKET = 'test-bucket'
export const MiB = 1024 * 1024

/** Smallest parts, so that little data makes several. */
const PART_SIZE = 5 * MiB

export interface BedOptions {
  readonly store?: LocalStoreOptions
  readonly engine?: EngineOptions
}

export interface Bed {
  readonly store: LocalStore
  readonly engine: TransferEngine
  /** An empty directory, removed at the end. */
  readonly dir: string
  /** Where its engines remember what is open. */
  readonly stateDir: string
  /** The AWS SDK as a second client of the same store. */
  readonly sdk: S3Client
  /** Path of a name in the directory. */
  path(name: string): string
  /** Writes a file in the directory and returns its path. */
  file(name: string, bytes: Uint8Array): Promise<string>
  /** Another engine on the same store, closed with the bed. */
  another(options: EngineOptions): TransferEngine
  close(): Promise<void>
}

/** Options of an engine that speaks to a store, with small parts and short waits. */
export function engineOptions(store: LocalStore, options: EngineOptions = {}): EngineOptions {
  const { accessKeyId, secretAccessKey, sessionToken } = store.credentials
  return {
    target: `s3://${BUCKET}/`,
    endpoint: store.endpoint,
    region: store.region,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    workers: 2,
    partSize: PART_SIZE,
    multipartThreshold: 2 * PART_SIZE,
    retryDelayMs: 10,
    retryDelayMaxMs: 200,
    ...options,
  }
}

export async function openBed(options: BedOptions = {}): Promise<Bed> {
  const descriptorsBefore = await descriptors()
  const dir = await mkdtemp(join(tmpdir(), 'transfer-engine-test-'))
  const stateDir = await mkdtemp(join(tmpdir(), 'transfer-engine-state-'))
  const store = await startLocalStore({ buckets: [BUCKET], ...options.store })
  const engines: TransferEngine[] = []
  const another = (changes: EngineOptions): TransferEngine => {
    const engine = new TransferEngine(
      engineOptions(store, { stateDir, ...options.engine, ...changes }),
    )
    engines.push(engine)
    return engine
  }
  const sdk = sdkClient(store)
  const path = (name: string): string => join(dir, name)
  return {
    store,
    engine: another({}),
    dir,
    stateDir,
    sdk,
    another,
    path,
    file: async (name, bytes) => {
      await writeFile(path(name), bytes)
      return path(name)
    },
    close: async () => {
      for (const engine of engines) await engine.close()
      sdk.destroy()
      const openUploads = store.uploads()
      const temporary = await temporaryFiles(dir)
      const records = await readdir(join(stateDir, 'uploads')).catch(() => [])
      const journals = await readdir(join(stateDir, 'journals')).catch(() => [])
      const trees = await readdir(join(stateDir, 'trees')).catch(() => [])
      await store.close()
      await rm(dir, { recursive: true, force: true })
      await rm(stateDir, { recursive: true, force: true })
      expect(openUploads, 'no multipart upload is left open').toEqual([])
      expect(records, 'no upload is noted as open').toEqual([])
      expect(journals, 'no journal and no lock is left').toEqual([])
      expect(trees, 'no tree is noted').toEqual([])
      expect(temporary, 'no temporary file is left').toEqual([])
      expect(await leftOpen(descriptorsBefore), 'no socket or file is left open').toEqual([])
    },
  }
}

/** A bed for one test. What the test threw is thrown before what the bed found. */
export async function withBed(
  options: BedOptions,
  use: (bed: Bed) => Promise<void>,
): Promise<void> {
  const bed = await openBed(options)
  try {
    await use(bed)
  } catch (error) {
    await bed.close().catch(() => undefined)
    throw error
  }
  await bed.close()
}

/** One bed for all tests of a `describe`; call the result inside a test. */
export function sharedBed(options: BedOptions = {}): () => Bed {
  let bed: Bed | undefined
  beforeAll(async () => {
    bed = await openBed(options)
  })
  afterAll(async () => {
    await bed?.close()
  })
  return () => {
    if (bed === undefined) throw new Error('the bed is open only while tests run')
    return bed
  }
}

/** Temporary files of downloads in a directory. */
export async function temporaryFiles(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith('.part'))
}

/** All bytes of an ordered read. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** Bytes the store holds under a key; fails when there is none. */
export function storedBytes(store: LocalStore, key: string): Buffer {
  const found = store.objects(BUCKET).find((object) => object.key === key)
  if (found === undefined) throw new Error(`the store has no object ${JSON.stringify(key)}`)
  return found.bytes()
}

export function storedKeys(store: LocalStore): string[] {
  return store.objects(BUCKET).map((object) => object.key)
}

/** The bytes of a file. */
export function fileBytes(path: string): Promise<Buffer> {
  return readFile(path)
}
