/**
 * A loopback HTTP server that answers from a script: the next answer for each request, whatever
 * is asked. For tests of how answers are read; what a store would say is the script's business.
 */

import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach } from 'vitest'

import type { ObjectStore } from '../../../src/store/object-store.ts'
import type { S3StoreOptions } from '../../../src/store/s3-store-options.ts'
import { createS3Store } from '../../../src/store/s3-store.ts'

interface ScriptedAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Cuts the connection instead of answering. */
  readonly reset?: boolean
  /** Announces more than `body` and ends early. */
  readonly truncate?: boolean
  /** Never answers. */
  readonly hang?: boolean
}

interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface HttpScript extends AsyncDisposable {
  readonly endpoint: string
  readonly requests: readonly SeenRequest[]
  /** TCP connections accepted so far. */
  readonly connections: () => number
  answer(...answers: readonly ScriptedAnswer[]): void
}

/** Starts it on a free port of 127.0.0.1. */
export async function startHttpScript(): Promise<HttpScript> {
  const requests: SeenRequest[] = []
  const answers: ScriptedAnswer[] = []
  let connections = 0
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') })
      const { status = 200, headers: extra = {}, body = '', ...how } = answers.shift() ?? {}
      if (how.hang === true) return
      if (how.reset === true) {
        request.socket.resetAndDestroy()
        return
      }
      const length = Buffer.byteLength(body) + (how.truncate === true ? 100 : 0)
      response.writeHead(status, {
        ...(method === 'HEAD' ? {} : { 'content-length': String(length) }),
        ...extra,
      })
      response.end(method === 'HEAD' ? undefined : body)
      if (how.truncate === true) response.once('finish', () => request.socket.destroy())
    })
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    answer: (...more) => {
      answers.push(...more)
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A store with test keys that speaks to such a server. */
export function openS3Store(options: Partial<S3StoreOptions>): ObjectStore {
  return createS3Store({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'secret-test' },
    connectTimeoutMs: 1000,
    readTimeoutMs: 1000,
    ...options,
  })
}

/** Call once, at the top of a file: each test has a script, and a store that asks it. */
export function useScriptedStore(): { readonly script: HttpScript; readonly store: ObjectStore } {
  let script: HttpScript
  let store: ObjectStore
  beforeEach(async () => {
    script = await startHttpScript()
    store = openS3Store({ endpoint: script.endpoint })
  })
  afterEach(async () => {
    store.close()
    await script[Symbol.asyncDispose]()
  })
  return {
    get script() {
      return script
    },
    get store() {
      return store
    },
  }
}
