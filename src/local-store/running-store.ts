/**
 * The running store: an HTTP server on loopback before a catalog and a back end, with the means
 * to look inside. It shares no code with the transfer engine, whose judge it is.
 */

import * as http from 'node:http'
import * as https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Backend } from './backend.ts'
import { DiskBackend } from './backend-disk.ts'
import { MemoryBackend } from './backend-memory.ts'
import { PatternBackend } from './backend-pattern.ts'
import { Catalog } from './catalog.ts'
import type { StoreContext } from './context.ts'
import { startControl } from './control.ts'
import type { ControlServer, OpenUpload, StoreStats } from './control.ts'
import { DIALECTS } from './dialects.ts'
import type { Dialect, DialectName } from './dialects.ts'
import { serveRequest } from './exchange.ts'
import type { ExchangeHost } from './exchange.ts'
import type { ConnectionGate } from './fault-connections.ts'
import { Faults } from './faults.ts'
import { listStored, storePatternObject } from './inspect.ts'
import type { StoredObject } from './inspect.ts'
import type { LocalStore } from './local-store.ts'
import { makeBucket } from './ops/buckets.ts'
import { resolveStoreOptions } from './options.ts'
import type { LocalStoreOptions, ResolvedStoreOptions } from './options.ts'
import { RequestLog } from './request-log.ts'
import type { RequestLogEntry } from './request-log.ts'
import type { StoreCredentials } from './sigv4.ts'

/**
 * Starts a strict S3 store on a loopback port.
 *
 * @returns the store once it listens. Close it, or hold it with `await using`.
 * @throws Error for a host that is not loopback, options that contradict each other, or a port
 * that is taken.
 * @example
 * ```ts
 * await using store = await startLocalStore({ buckets: ['test'] })
 * const client = new S3Client({
 *   endpoint: store.endpoint,
 *   region: store.region,
 *   credentials: store.credentials,
 *   forcePathStyle: true,
 * })
 * ```
 */
export async function startLocalStore(options: LocalStoreOptions = {}): Promise<LocalStore> {
  const store = new RunningStore(resolveStoreOptions(options))
  await store.listen()
  return store
}

/** Turns of the event loop that closed sockets may take to say so. Source: two were seen. */
const CLOSE_TURNS = 100

class RunningStore implements LocalStore {
  readonly faults: Faults = new Faults()
  readonly requests: RequestLog = new RequestLog()
  readonly region: string
  /** Stays what it is while a fault has closed it for a time. */
  port: number
  readonly #options: ResolvedStoreOptions
  readonly #context: StoreContext
  readonly #server: http.Server
  readonly #gate: ConnectionGate
  readonly #host: ExchangeHost
  #dialect: Dialect
  #credentials: readonly StoreCredentials[]
  #shiftMs = 0
  #control: ControlServer | undefined
  #totals = { requests: 0, bytesIn: 0, bytesOut: 0 }

  constructor(options: ResolvedStoreOptions) {
    this.#options = options
    this.region = options.region
    this.port = options.port
    this.#dialect = DIALECTS[options.dialect]
    this.#credentials = options.credentials
    this.#context = this.#makeContext(makeBackend(options))
    this.#host = this.#makeHost()
    this.#server = options.tls === undefined ? http.createServer() : https.createServer(options.tls)
    this.#gate = this.faults.guard(this.#server)
    this.#configure()
    this.#makeBuckets()
    for (const rule of options.faults) this.faults.add(rule)
  }

  get endpoint(): string {
    const scheme = this.#options.tls === undefined ? 'http' : 'https'
    return `${scheme}://${this.#options.urlHost}:${this.port}`
  }

  get credentials(): StoreCredentials {
    return this.#credentials[0] as StoreCredentials
  }

  get controlUrl(): string | undefined {
    return this.#control?.url
  }

  get connections(): { open: number; total: number } {
    return { open: this.#gate.open, total: this.#gate.accepted }
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: this.#options.host, port: this.#options.port }, () => {
        this.#server.off('error', reject)
        this.port = (this.#server.address() as AddressInfo).port
        resolve()
      })
    })
    if (!this.#options.control) return
    const target = {
      faults: this.faults,
      log: this.requests,
      openUploads: () => this.uploads(),
      stats: () => this.stats(),
      shiftClock: (shiftMs: number) => this.shiftClock(shiftMs),
      setDialect: (name: DialectName) => this.setDialect(name),
    }
    this.#control = await startControl(target, this.#options.host)
  }

  uploads(): readonly OpenUpload[] {
    return this.#context.catalog.buckets().flatMap(({ uploads }) =>
      [...uploads.values()].map(({ upload, parts }) => ({
        bucket: upload.bucket,
        key: upload.key,
        uploadId: upload.id,
        initiated: upload.initiated,
        parts: parts.size,
        bytes: [...parts.values()].reduce((sum, part) => sum + part.size, 0),
      })),
    )
  }

  objects(bucket: string): readonly StoredObject[] {
    return listStored(this.#context, bucket)
  }

  stats(): StoreStats {
    return {
      ...this.#totals,
      connections: this.#gate.accepted,
      openConnections: this.#gate.open,
      openUploads: this.uploads().length,
    }
  }

  createBucket(name: string): void {
    if (!this.#context.catalog.hasBucket(name)) makeBucket(this.#context, name)
  }

  setCredentials(credentials: StoreCredentials | readonly StoreCredentials[]): void {
    this.#credentials = Array.isArray(credentials)
      ? [...credentials]
      : [credentials as StoreCredentials]
  }

  setDialect(name: DialectName): void {
    this.#dialect = DIALECTS[name]
    this.#server.keepAliveTimeout = this.#options.keepAliveTimeoutMs ?? this.#dialect.keepAliveMs
  }

  shiftClock(shiftMs: number): void {
    this.#shiftMs = shiftMs
  }

  putPatternObject(bucket: string, key: string, size: number): StoredObject {
    return storePatternObject(this.#context, bucket, key, size)
  }

  reset(): void {
    this.#context.catalog.clear()
    this.faults.clear()
    this.requests.clear()
    this.#shiftMs = 0
    this.setDialect(this.#options.dialect)
    this.#makeBuckets()
  }

  async close(): Promise<void> {
    this.faults.close()
    await this.#control?.close()
    this.#control = undefined
    this.#server.closeAllConnections() // They are open even while the port is refused.
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    await closed
    // The sockets' own close events come a few turns later.
    for (let turn = 0; turn < CLOSE_TURNS && this.#gate.open > 0; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #makeBuckets(): void {
    for (const name of this.#options.buckets) this.createBucket(name)
  }

  #makeContext(backend: Backend): StoreContext {
    const { region, minPartSize, md5, now = Date.now } = this.#options
    const dialect = (): Dialect => this.#dialect
    return {
      catalog: new Catalog(backend),
      backend,
      get dialect() {
        return dialect()
      },
      region,
      minPartSize,
      md5,
      now: () => now() + this.#shiftMs,
    }
  }

  #makeHost(): ExchangeHost {
    const ownClock = (): boolean => this.#options.now !== undefined || this.#shiftMs !== 0
    return {
      store: this.#context,
      faults: this.faults,
      secure: this.#options.tls !== undefined,
      get ownClock() {
        return ownClock()
      },
      find: (id) => this.#credentials.find(({ accessKeyId }) => accessKeyId === id),
    }
  }

  #configure(): void {
    const server = this.#server
    const numbers = new Map<number | undefined, number>()
    server.keepAliveTimeout = this.#options.keepAliveTimeoutMs ?? this.#dialect.keepAliveMs
    // A large part on a slow link may take longer than Node's five minutes.
    server.requestTimeout = 0
    server.timeout = 0
    server.on('connection', (socket: Socket) => {
      // Behind TLS a request knows another socket object, but the same client port.
      const { remotePort } = socket
      numbers.set(remotePort, this.#gate.numberOf(socket))
      socket.once('close', () => numbers.delete(remotePort))
    })
    const serve = (req: http.IncomingMessage, res: http.ServerResponse): void => {
      void this.#serve(req, res, numbers.get(req.socket.remotePort) ?? 0)
    }
    server.on('request', serve).on('checkContinue', serve)
    server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    })
  }

  async #serve(
    req: http.IncomingMessage,
    res: http.ServerResponse,
    connection: number,
  ): Promise<void> {
    this.#totals.requests += 1
    const entry: RequestLogEntry = {
      id: this.#totals.requests,
      startedAt: Date.now(),
      connection,
      clientPort: req.socket.remotePort ?? 0,
      method: req.method ?? '',
      target: req.url ?? '',
      operation: 'Unknown',
      bucket: undefined,
      key: undefined,
      uploadId: undefined,
      partNumber: undefined,
      range: undefined,
      userAgent: undefined,
      bytesIn: 0,
      bytesOut: 0,
      status: undefined,
      code: undefined,
      faults: [],
      durationMs: undefined,
      outcome: undefined,
    }
    this.requests.add(entry)
    await serveRequest(this.#host, req, res, entry)
    this.#totals.bytesIn += entry.bytesIn
    this.#totals.bytesOut += entry.bytesOut
  }
}

function makeBackend({ backend, dir }: ResolvedStoreOptions): Backend {
  if (backend === 'pattern') return new PatternBackend()
  return backend === 'disk' ? new DiskBackend(dir ?? '') : new MemoryBackend()
}
