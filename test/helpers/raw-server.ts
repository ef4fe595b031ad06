/**
 * A loopback server without an HTTP library: tests see each request as its bytes were and write
 * answers byte by byte, wrong ones included. Plain or TLS, and stopped by `close` or `await using`.
 */

import net, { type AddressInfo, type Socket } from 'node:net'
import tls from 'node:tls'

export interface RawRequest {
  readonly method: string
  /** Path and query as on the wire. */
  readonly target: string
  /** Lower-case names; of a repeated header the last value. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly socket: Socket
  /** From 0, in the order in which connections were accepted. */
  readonly connection: number
}

export interface RawServerOptions {
  /** A loopback address. @default 127.0.0.1 */
  readonly host?: string
  /** @default a free port */
  readonly port?: number
  /** `key` and `cert`, and whatever else the handshake is to be about. */
  readonly secure?: tls.TlsOptions | undefined
  /** Called for each whole request. */
  readonly onRequest?: (request: RawRequest) => void
  /** Called for each connection, after its TLS handshake. */
  readonly onConnection?: (socket: Socket, connection: number) => void
}

export interface RawServer extends AsyncDisposable {
  readonly origin: string
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
  readonly requests: readonly RawRequest[]
  /** Connections accepted so far. */
  readonly accepted: number
  close(): Promise<void>
}

export async function startRawServer(options: RawServerOptions): Promise<RawServer> {
  const { secure, onRequest, onConnection, host = '127.0.0.1' } = options
  const sockets = new Set<Socket>()
  const requests: RawRequest[] = []
  let accepted = 0
  const onSocket = (socket: Socket): void => {
    const connection = accepted
    accepted += 1
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    onConnection?.(socket, connection)
    if (onRequest === undefined) return
    const reader = new RequestReader((parsed) => {
      const request = { ...parsed, socket, connection }
      requests.push(request)
      onRequest(request)
    })
    socket.on('data', (chunk) => reader.read(chunk))
  }
  const server =
    secure === undefined ? net.createServer(onSocket) : tls.createServer({ ...secure }, onSocket)
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, host, resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return {
    origin: `${secure === undefined ? 'http' : 'https'}://${host}:${port}`,
    port,
    sockets,
    requests,
    get accepted() {
      return accepted
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

type ParsedRequest = Omit<RawRequest, 'socket' | 'connection'>

/** An answer in full, with its Content-Length. */
export function answer(
  status: string,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array | string = '',
): Buffer {
  const bytes = Buffer.from(body)
  const all = { 'content-length': String(bytes.length), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`), bytes])
}

class RequestReader {
  readonly #onRequest: (request: ParsedRequest) => void
  #head: Omit<ParsedRequest, 'body'> | undefined
  #kept: Buffer[] = []
  #length = 0

  constructor(onRequest: (request: ParsedRequest) => void) {
    this.#onRequest = onRequest
  }

  read(chunk: Buffer): void {
    this.#kept.push(chunk)
    this.#length += chunk.length
    for (;;) {
      if (this.#head === undefined) {
        const bytes = Buffer.concat(this.#kept)
        const end = bytes.indexOf('\r\n\r\n')
        if (end === -1) return
        this.#head = parseHead(bytes.subarray(0, end).toString('latin1'))
        this.#kept = [bytes.subarray(end + 4)]
        this.#length = bytes.length - end - 4
      }
      const { headers } = this.#head
      if (headers['transfer-encoding'] !== undefined) throw new Error('expected Content-Length')
      const wanted = Number(headers['content-length'] ?? 0)
      if (this.#length < wanted) return
      const bytes = Buffer.concat(this.#kept)
      const request = { ...this.#head, body: bytes.subarray(0, wanted) }
      this.#kept = [bytes.subarray(wanted)]
      this.#length -= wanted
      this.#head = undefined
      this.#onRequest(request)
      if (this.#length === 0) return
    }
  }
}

function parseHead(text: string): Omit<ParsedRequest, 'body'> {
  const [first = '', ...lines] = text.split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { method, target, headers }
}
