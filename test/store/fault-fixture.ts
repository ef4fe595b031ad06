/**
 * A store with one object and a client for tests of faults. The connection is kept between
 * requests of a test; rules are cleared after each.
 */

import { Agent, request as httpRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { Fault, FaultMatch } from '../../src/local-store/fault-types.ts'
import { startLocalStore, type LocalStore } from '../../src/local-store/index.ts'
import { sampleBytes } from './conformance/case.ts'
import { RawClient, type RawAnswer, type RawRequest } from './conformance/raw-client.ts'

export const BODY: Buffer = sampleBytes(200_000)
export const KEY = 'dir/object.bin'

export let store: LocalStore
export let raw: RawClient
export let agent: Agent

/** Declares the hooks that start and stop the store of a test file. */
export function useFaultStore(): void {
  beforeAll(async () => {
    store = await startLocalStore({ buckets: ['bucket'], minPartSize: 1 })
    raw = new RawClient(store)
  })
  afterAll(() => store.close())
  beforeEach(async () => {
    agent = new Agent({ keepAlive: true, maxSockets: 1 })
    await put()
  })
  afterEach(() => {
    agent.destroy()
    store.faults.clear()
  })
}

/** Sends a request for the object. */
export function send(
  request: Partial<RawRequest> & { readonly method: string },
): Promise<RawAnswer> {
  return raw.send({ bucket: 'bucket', key: KEY, agent, ...request })
}

export function get(headers: Record<string, string> = {}, key: string = KEY): Promise<RawAnswer> {
  return send({ method: 'GET', key, headers })
}

export function put(body: Buffer = BODY, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return send({ method: 'PUT', body, headers })
}

/** Adds a rule for one request. */
export function once(fault: Fault, match: FaultMatch = {}): void {
  store.faults.add({ match, fault, times: 1 })
}

export function lastRequest(): { faults: readonly string[]; outcome: string | undefined } {
  const entry = store.requests.entries().at(-1)
  return { faults: entry?.faults ?? [], outcome: entry?.outcome }
}

/** Milliseconds an action took. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await action()
  return performance.now() - start
}

/** An upload with one part, and what is needed to go on. */
export async function startUpload(): Promise<{ uploadId: string; etag: string }> {
  const made = await send({ method: 'POST', query: { uploads: '' } })
  const uploadId = /<UploadId>(.*?)</.exec(made.body.toString())?.[1] ?? ''
  const part = await send({ method: 'PUT', query: { uploadId, partNumber: '1' }, body: BODY })
  return { uploadId, etag: part.headers.etag ?? '' }
}

export function complete({
  uploadId,
  etag,
}: {
  readonly uploadId: string
  readonly etag: string
}): Promise<RawAnswer> {
  const part = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
  const body = Buffer.from(`<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`)
  return send({ method: 'POST', query: { uploadId }, body })
}

/** A GET read by hand, with what came before it broke. */
export function readUntilError(): Promise<{
  bytes: number
  length: string | undefined
  failed: boolean
}> {
  const { url } = raw.presign('GET', 'bucket', KEY, 60)
  return new Promise((resolve) => {
    const path = `/bucket/${KEY}${url.search}`
    const client = httpRequest({ host: '127.0.0.1', port: store.port, path, agent: false })
    client.on('response', (response) => {
      let bytes = 0
      const length = response.headers['content-length']
      response.on('data', (piece: Buffer) => (bytes += piece.length))
      response.on('end', () => resolve({ bytes, length, failed: false }))
      response.on('error', () => resolve({ bytes, length, failed: true }))
    })
    // The reset is told here too, after the response has said so.
    client.on('error', () => undefined)
    client.end()
  })
}
