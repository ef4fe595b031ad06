/**
 * A listener on the wire: passes connections on to a store unchanged and keeps the head of each
 * request, so that a test can see what was really sent. Loopback only, HTTP/1.1 with
 * Content-Length, which is all the engine sends; anything else makes it fail loudly.
 */

import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { MessageReader, requestBodyLength } from './http-messages.ts'

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
    const reader = new MessageReader(requestBodyLength)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => {
      for (const { head } of reader.read(chunk)) {
        if (head === undefined) continue
        const [method = '', target = ''] = head.line.split(' ')
        requests.push({ method, target, headers: head.headers })
      }
    })
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
