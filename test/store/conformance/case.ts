/** What a conformance case is, and what it is given. */

import { randomBytes } from 'node:crypto'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { RawClient, type RawCredentials } from './raw-client.ts'

/** Where the suite runs. */
export interface Target {
  readonly label: string
  readonly endpoint: string
  readonly region: string
  readonly pathStyle: boolean
  readonly credentials: RawCredentials
  /** Smallest part but the last, in bytes; 5 MiB wherever it cannot be chosen. */
  readonly partSize: number
}

/** What a case works with. Buckets are shared, so each case uses keys of its own. */
export interface CaseContext {
  readonly target: Target
  /** Sends no checksum of its own accord. */
  readonly client: S3Client
  /** With the defaults of the SDK: CRC32 with every upload. */
  readonly sdk: S3Client
  readonly raw: RawClient
  readonly bucket: string
  readonly otherBucket: string
  /** A key that no other case uses. */
  key(name?: string): string
  /** A client with other settings; ended with the run. */
  makeClient(config: S3ClientConfig): S3Client
}

export interface ConformanceCase {
  readonly id: string
  readonly run: (context: CaseContext) => Promise<void>
  /** Takes so long that it is left out where another run has it. */
  readonly heavy: boolean
}

/** Makes a case. */
export function conformanceCase(
  id: string,
  run: ConformanceCase['run'],
  heavy = false,
): ConformanceCase {
  return { id, run, heavy }
}

/** Makes the context of a run and says how to end it. */
export function makeContext(target: Target): { context: CaseContext; end: () => void } {
  const clients: S3Client[] = []
  const makeClient = (config: S3ClientConfig): S3Client => {
    const client = new S3Client({
      endpoint: target.endpoint,
      region: target.region,
      forcePathStyle: target.pathStyle,
      maxAttempts: 1,
      credentials: {
        accessKeyId: target.credentials.accessKeyId,
        secretAccessKey: target.credentials.secretAccessKey,
        ...(target.credentials.sessionToken === undefined
          ? {}
          : { sessionToken: target.credentials.sessionToken }),
      },
      ...config,
    })
    clients.push(client)
    return client
  }
  const run = randomBytes(4).toString('hex')
  let keys = 0
  const context: CaseContext = {
    target,
    client: makeClient({
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    }),
    sdk: makeClient({}),
    raw: new RawClient(target),
    bucket: `conformance-${run}`,
    otherBucket: `conformance-${run}-other`,
    key: (name = 'object') => `${++keys}/${name}`,
    makeClient,
  }
  return { context, end: () => clients.forEach((client) => client.destroy()) }
}

/** Expects a call of the SDK to be refused with one of these codes (or HTTP statuses). */
export async function expectRefused(
  call: Promise<unknown>,
  ...expected: readonly (string | number)[]
): Promise<void> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error === undefined) expect.fail(`accepted, expected ${expected.join(' or ')}`)
  const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode ?? 0
  if (!expected.includes(name) && !expected.includes(status)) {
    expect.fail(`refused with ${name} (${status}), expected ${expected.join(' or ')}`)
  }
}

/** Bytes that differ from place to place, so that a misplaced range is seen. */
export function sampleBytes(length: number, seed = 0): Buffer {
  const data = Buffer.alloc(length)
  const state = new Uint32Array(1)
  state[0] = seed * 2_654_435_761 + 1
  const words = new Uint32Array(data.buffer, data.byteOffset, Math.floor(length / 4))
  for (let index = 0; index < words.length; index++) {
    state[0] = Math.imul(state[0] ?? 0, 1_664_525) + 1_013_904_223
    words[index] = state[0] ?? 0
  }
  return data
}

/** The whole body of a GetObject. */
export async function bodyOf(output: {
  Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined
}): Promise<Buffer> {
  return Buffer.from((await output.Body?.transformToByteArray()) ?? [])
}

/** Expects equal bytes; the deep equality of `expect` takes seconds for megabytes. */
export function expectBytes(actual: Buffer, expected: Buffer): void {
  if (actual.equals(expected)) return
  const length = Math.min(actual.length, expected.length)
  let at = 0
  while (at < length && actual[at] === expected[at]) at += 1
  expect.fail(
    `${actual.length} bytes, expected ${expected.length}; the first difference is at ${at}`,
  )
}
