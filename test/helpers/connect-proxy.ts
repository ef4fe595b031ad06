/**
 * A small HTTP proxy on loopback: makes tunnels (CONNECT) and forwards requests in absolute form, as
 * real ones do, or answers as a test wants. Keeps the head of each request it was sent.
 */

import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'

export interface ProxiedRequest {
  readonly method: string
  /** As on the wire: `host:port` for CONNECT, an absolute URL for what is forwarded. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
}

export interface ConnectProxyOptions {
  /** Speaks TLS itself. */
  readonly secure?: { readonly key: string; readonly cert: string } | undefined
  /** `user:password` to be asked for. */
  readonly credentials?: string | undefined
  /** Answers CONNECT in its place; `socket` is the client's. */
  readonly onConnect?: ((socket: Socket) => void) | undefined
  /** Where everything goes, whatever it was asked for: names need no resolver. */
  readonly upstreamPort?: number | undefined
}

export interface ConnectProxy extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly requests: readonly ProxiedRequest[]
  /** Connections of clients at this moment. */
  readonly sockets: ReadonlySet<Socket>
  /** Connections of clients so far. */
  readonly accepted: number
  close(): Promise<void>
}

export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { secure, credentials, onConnect, upstreamPort } = options
  const requests: ProxiedRequest[] = []
  const sockets = new Set<Socket>()
  const upstreams = new Set<Socket>()
  let accepted = 0
  const server = secure === undefined ? createServer() : createSecureServer(secure)
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
  const mayPass = (request: IncomingMessage): boolean => {
    const { method = '', url = '', headers } = request
    requests.push({ method, target: url, headers })
    return expected === undefined || headers['proxy-authorization'] === expected
  }
  server.on('connection', (socket: Socket) => {
    accepted += 1
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.on('connect', (request: IncomingMessage, client: Socket, early: Buffer) => {
    client.on('error', () => undefined)
    if (!mayPass(request)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
      return
    }
    if (onConnect !== undefined) {
      // Half-open connections are the server's habit; here the end is the end.
      client.resume().on('end', () => client.end())
      return onConnect(client)
    }
    const { hostname, port } = new URL(`http://${request.url}`)
    const upstream = connect(upstreamPort ?? Number(port || 80), hostOf(hostname, upstreamPort))
    upstreams.add(upstream)
    // What is still to be passed on goes before an end, not before a break.
    upstream.on('error', () => client.destroy()).on('close', () => upstreams.delete(upstream))
    client.on('close', () => upstream.destroy())
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.write(early)
      client.pipe(upstream)
      upstream.pipe(client)
    })
  })
  server.on('request', (request: IncomingMessage, answer) => {
    if (!mayPass(request)) {
      answer.writeHead(407, { 'proxy-authenticate': 'Basic' }).end()
      return
    }
    const { hostname, port, pathname, search } = new URL(request.url ?? '')
    const { 'proxy-authorization': _, ...headers } = request.headers
    const upstream = httpRequest({
      host: hostOf(hostname, upstreamPort),
      port: upstreamPort ?? Number(port || 80),
      path: `${pathname}${search}`,
      method: request.method,
      headers,
    })
    upstream.on('error', () => answer.destroy())
    upstream.on('response', (incoming) => {
      answer.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders)
      incoming.pipe(answer)
    })
    request.pipe(upstream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of [...sockets, ...upstreams]) socket.destroy()
    })
  return {
    url: `${secure === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    sockets,
    get accepted() {
      return accepted
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Brackets of a URL are none of an address; what is sent elsewhere goes to this machine. */
function hostOf(hostname: string, upstreamPort: number | undefined): string {
  return upstreamPort === undefined ? hostname.replace(/^\[(.*)\]$/, '$1') : '127.0.0.1'
}
