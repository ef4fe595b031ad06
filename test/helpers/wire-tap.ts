/**
 * A listener on the wire: passes connections on to a store unchanged and keeps the head of each
 * request, so that a test can see what was really sent. Loopback only, plain HTTP/1.1 with
 * Content-Length, which is all the engine sends; anything else makes it fail loudly.
 */

import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { MessageReader, requestBodyLength } from './http-messages.ts'

export interface TappedRequest {
  readonly method: string
  /** Path and query as on the wire. */
  readonly target: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

export interface WireTap extends AsyncDisposable {
  readonly endpoint: string
  readonly requests: readonly TappedRequest[]
}

export async function startWireTap(storePort: number): Promise<WireTap> {
  const requests: TappedRequest[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
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
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
