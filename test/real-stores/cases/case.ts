/** What a case of the engine on a real store is, what it is given, and what must hold after each. */

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import { MiB, TransferEngine, type EngineOptions } from 'transfer-engine'
import { sdkClient } from '../../helpers/sdk-client.ts'
import { differenceOf } from '../../helpers/test-bytes.ts'
import { journalsIn, locksIn, uploadsNoted } from '../../killloop/journal-view.ts'
import type { StoreAddress } from '../../killloop/store-view.ts'
import type { CaseOutcome } from '../judge.ts'

/** The smallest everywhere, so that little data makes several parts. Bytes. */
export const PART_SIZE = 5 * MiB

/** Longest time of a case. Milliseconds. Source: none; a store that hangs must end it. */
const CASE_MS = 180_000

export interface CaseContext {
  readonly address: StoreAddress
  readonly bucket: string
  /** `s3://bucket/` and a prefix that is of this case alone, ending in a slash. */
  readonly root: string
  /** The same prefix. */
  readonly prefix: string
  /** An empty directory. */
  readonly dir: string
  readonly stateDir: string
  /** The SDK, as a second opinion. */
  readonly sdk: S3Client
  /** An engine with small parts, closed with the case. */
  engine(options?: EngineOptions): TransferEngine
  /** Writes a file into the directory and returns its path. */
  file(name: string, bytes: Uint8Array): Promise<string>
}

export interface EngineCase {
  readonly id: string
  readonly run: (context: CaseContext) => Promise<void>
}

export function engineCase(id: string, run: EngineCase['run']): EngineCase {
  return { id, run }
}

/** Runs every case, one after the other, in a bucket of their own. */
export async function runCases(
  address: StoreAddress,
  cases: readonly EngineCase[],
): Promise<readonly CaseOutcome[]> {
  const bucket = 'real-store-cases'
  const sdk = sdkClient(address)
  await sdk.send(new CreateBucketCommand({ Bucket: bucket }))
  const outcomes: CaseOutcome[] = []
  for (const { id, run } of cases) {
    const error = await runCase({ address, bucket, sdk }, id, run).then(
      () => undefined,
      (reason: unknown) => textOf(reason),
    )
    outcomes.push({ id, error })
  }
  sdk.destroy()
  return outcomes
}

async function runCase(
  shared: Pick<CaseContext, 'address' | 'bucket' | 'sdk'>,
  id: string,
  run: EngineCase['run'],
): Promise<void> {
  const base = await mkdtemp(join(tmpdir(), 'transfer-engine-case-'))
  const [dir, stateDir] = [base, `${base}-state`]
  const engines: TransferEngine[] = []
  const prefix = `${id}/`
  const context: CaseContext = {
    ...shared,
    dir,
    stateDir,
    prefix,
    root: `s3://${shared.bucket}/${prefix}`,
    engine: (options = {}) => {
      const engine = new TransferEngine({ ...optionsFor(shared.address), stateDir, ...options })
      engines.push(engine)
      return engine
    },
    file: async (name, bytes) => {
      await writeFile(join(dir, name), bytes)
      return join(dir, name)
    },
  }
  try {
    await inTime(run(context))
    await closeAll(engines)
    await checkNothingLeft(context)
  } finally {
    await closeAll(engines)
    await rm(dir, { recursive: true, force: true })
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** What an engine needs to speak to a store, with small parts. */
export function optionsFor({ endpoint, region, credentials }: StoreAddress): EngineOptions {
  const parts = { partSize: PART_SIZE, multipartThreshold: 2 * PART_SIZE }
  return { endpoint, region, credentials, workers: 1, ...parts, proxy: 'none' }
}

async function closeAll(engines: readonly TransferEngine[]): Promise<void> {
  for (const engine of engines) await engine.close({ graceMs: 0 })
}

async function inTime(run: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${CASE_MS} ms`)), CASE_MS)
  })
  await Promise.race([run, late]).finally(() => clearTimeout(timer))
}

async function checkNothingLeft({ sdk, bucket, prefix, stateDir }: CaseContext): Promise<void> {
  assert.deepEqual(journalsIn(stateDir), [], 'no journal is left')
  assert.deepEqual(locksIn(stateDir), [], 'no lock is left')
  assert.deepEqual(uploadsNoted(stateDir), [], 'no upload is noted as open')
  assert.deepEqual(await openUploads(sdk, bucket, prefix), [], 'no multipart upload is open')
}

/** Keys of open uploads; none where the store does not tell, which is a case of its own. */
export async function openUploads(
  sdk: S3Client,
  bucket: string,
  prefix: string,
): Promise<readonly string[]> {
  const list = new ListMultipartUploadsCommand({ Bucket: bucket })
  const { Uploads = [] } = await sdk.send(list).catch(() => ({ Uploads: [] }))
  return Uploads.map(({ Key = '' }) => Key).filter((key) => key.startsWith(prefix))
}

/** Compares bytes and says in one line where they differ. @throws AssertionError */
export function assertBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const difference = differenceOf(actual, expected)
  assert.equal(difference, undefined, `${what}: ${difference}`)
}

/** The same for a file. @throws AssertionError */
export async function assertFile(path: string, expected: Uint8Array): Promise<void> {
  assertBytes(await readFile(path), expected, path)
}

/** The code a promise rejects with. @throws AssertionError when it does not */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  )
  if (error instanceof assert.AssertionError) throw error
  return (error as { code?: unknown }).code
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, context } = error as { code?: unknown; context?: unknown }
  const more = context === undefined ? '' : ` ${JSON.stringify(context)}`
  const text = `${typeof code === 'string' ? `${code}: ` : ''}${error.message}${more}`
  return text.replaceAll(/\s+/g, ' ')
}
