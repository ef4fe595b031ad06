/**
 * The control port: what tests in the same process do by calls, child processes do by JSON over
 * a second loopback port. It has no authentication, so it binds to a loopback address only and
 * refuses a request whose Host is not one (a web page that resolves its name to 127.0.0.1).
 *
 *   GET|POST|DELETE /rules   DELETE /rules/ID   GET|DELETE /requests   GET /uploads   GET /stats
 *   POST /clock {shiftMs}    POST /dialect {name}    POST /refuse {ms}
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDialectName, type DialectName } from './dialects.ts'
import { parseFaultRule } from './fault-parse.ts'
import type { Faults } from './faults.ts'
import type { RequestLog, RequestLogFilter } from './request-log.ts'

/** An upload that is neither completed nor aborted. */
export interface OpenUpload {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly initiated: number
  readonly parts: number
  readonly bytes: number
}

/** Counters since the store started; sizes in bytes, CPU times of the process in ms. */
export interface StoreStats {
  readonly requests: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly connections: number
  readonly openConnections: number
  readonly openUploads: number
}

export interface ProcessStats {
  readonly cpuUserMs: number
  readonly cpuSystemMs: number
  readonly rssBytes: number
}

/** What the control port acts on: the running store. */
export interface ControlTarget {
  readonly faults: Faults
  readonly log: RequestLog
  openUploads(): readonly OpenUpload[]
  stats(): StoreStats
  /** Moves the store's clock away from the machine's; zero sets it right. Milliseconds. */
  shiftClock(shiftMs: number): void
  setDialect(name: DialectName): void
}

/** A running control port. */
export interface ControlServer {
  readonly url: string
  close(): Promise<void>
}

type Handler = (body: unknown, url: URL, target: ControlTarget) => unknown

/** Longest request body. Bytes. Source: none, reasonable default. */
const BODY_MAX = 1024 * 1024

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/

/** A request the control port cannot make sense of. */
class ControlError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Starts the control port on a free port of the loopback address. */
export async function startControl(
  target: ControlTarget,
  host: '127.0.0.1' | '::1' = '127.0.0.1',
): Promise<ControlServer> {
  const server = createServer((req, res) => {
    void answer(req, res, target)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const name = host === '::1' ? '[::1]' : host
  return { url: `http://${name}:${port}`, close: () => closeServer(server) }
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /rules': (_body, _url, target) => target.faults.list(),
  'POST /rules': (body, _url, target) => ({ id: addRule(body, target) }),
  'DELETE /rules': (_body, url, target) => removeRules(url, target),
  'GET /requests': (_body, url, target) => ({
    dropped: target.log.dropped,
    entries: target.log.entries(logFilter(url)),
  }),
  'DELETE /requests': (_body, _url, target) => {
    target.log.clear()
    return {}
  },
  'GET /uploads': (_body, _url, target) => target.openUploads(),
  'GET /stats': (_body, _url, target) => ({ ...target.stats(), ...processStats() }),
  'POST /clock': (body, _url, target) => {
    target.shiftClock(numberField(body, 'shiftMs'))
    return {}
  },
  'POST /dialect': (body, _url, target) => {
    const name = field(body, 'name')
    if (typeof name !== 'string' || !isDialectName(name)) {
      throw new ControlError(400, `Unknown dialect: ${String(name)}`)
    }
    target.setDialect(name)
    return {}
  },
  'POST /refuse': (body, _url, target) => {
    target.faults.refuse(numberField(body, 'ms'))
    return {}
  },
}

/** CPU time and memory of this process. */
export function processStats(): ProcessStats {
  const { user, system } = process.cpuUsage()
  return { cpuUserMs: user / 1000, cpuSystemMs: system / 1000, rssBytes: process.memoryUsage.rss() }
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  target: ControlTarget,
): Promise<void> {
  let status = 200
  let result: unknown
  try {
    if (!LOOPBACK.test(req.headers.host ?? '')) throw new ControlError(403, 'Not a loopback host')
    const url = new URL(req.url ?? '/', 'http://127.0.0.1')
    const handler = HANDLERS[`${req.method ?? ''} /${url.pathname.split('/')[1] ?? ''}`]
    if (handler === undefined) throw new ControlError(404, 'No such control')
    result = handler(await readJson(req), url, target)
  } catch (error) {
    status = error instanceof ControlError ? error.status : 400
    result = { error: error instanceof Error ? error.message : String(error) }
  }
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(JSON.stringify(result))
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of req as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > BODY_MAX) throw new ControlError(413, 'The body is too long')
    pieces.push(piece)
  }
  return length === 0 ? undefined : JSON.parse(Buffer.concat(pieces).toString())
}

function addRule(body: unknown, target: ControlTarget): number {
  return target.faults.add(parseFaultRule(body))
}

function removeRules(url: URL, target: ControlTarget): object {
  const id = url.pathname.split('/')[2]
  if (id === undefined) target.faults.clear()
  else if (!target.faults.remove(Number(id))) throw new ControlError(404, `No rule ${id}`)
  return {}
}

function logFilter(url: URL): RequestLogFilter {
  const filter: Record<string, string | number> = {}
  for (const [name, value] of url.searchParams) {
    filter[name] = name === 'partNumber' || name === 'status' ? Number(value) : value
  }
  return filter
}

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
}

function numberField(body: unknown, name: string): number {
  const value = field(body, name)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new ControlError(400, `Expected \`${name}\` to be an integer`)
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
