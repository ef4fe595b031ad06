/**
 * A listener on the wire: passes connections on to a store unchanged and keeps the head of each
 * request, so that a test can see what was really sent. Loopback only, HTTP/1.1 with
 * Content-Length, which is all the engine sends; anything else makes it fail loudly.
 */

import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

export interface TappedRequest {
  readonly method: string
  /** Path and query as on the wire. */
  readonly target: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

export interface WireTapOptions {
  /** A loopback address. @default 127.0.0.1 */
  readonly host?: string
  /** @default a free port */
  readonly port?: number
  /** Speaks TLS to clients, and none to the store. */
  readonly secure?: TlsOptions
}

export interface WireTap extends AsyncDisposable {
  readonly endpoint: string
  readonly port: number
  /** Connections of clients so far; after the handshake where there is one. */
  readonly accepted: number
  readonly requests: readonly TappedRequest[]
}

export async function startWireTap(
  storePort: number,
  { host = '127.0.0.1', port: wanted = 0, secure }: WireTapOptions = {},
): Promise<WireTap> {
  const requests: TappedRequest[] = []
  const sockets = new Set<Socket>()
  let accepted = 0
  const onClient = (client: Socket): void => {
    accepted += 1
    const upstream = connect(storePort, '127.0.0.1')
    const reader = new HeadReader((head) => requests.push(head))
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => reader.read(chunk))
    client.pipe(upstream)
    upstream.pipe(client)
  }
  const server = secure === undefined ? createServer(onClient) : createTlsServer(secure, onClient)
  await new Promise<void>((resolve) => server.listen(wanted, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `${secure === undefined ? 'http' : 'https'}://${host}:${port}`,
    port,
    requests,
    get accepted() {
      return accepted
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Finds the heads in a stream of requests by stepping over their bodies. */
class HeadReader {
  readonly #onHead: (head: TappedRequest) => void
  #head = Buffer.alloc(0)
  #bodyLeft = 0

  constructor(onHead: (head: TappedRequest) => void) {
    this.#onHead = onHead
  }

  read(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      const skipped = Math.min(rest.length, this.#bodyLeft)
      this.#bodyLeft -= skipped
      rest = rest.subarray(skipped)
      if (rest.length === 0) return
      this.#head = Buffer.concat([this.#head, rest])
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      rest = this.#head.subarray(end + 4)
      const head = parseHead(this.#head.subarray(0, end).toString('latin1'))
      this.#head = Buffer.alloc(0)
      if (head.headers['transfer-encoding'] !== undefined) {
        throw new Error('the wire tap expects Content-Length')
      }
      this.#bodyLeft = Number(head.headers['content-length'] ?? 0)
      this.#onHead(head)
    }
  }
}

function parseHead(text: string): TappedRequest {
  const [first = '', ...lines] = text.split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { method, target, headers }
}
