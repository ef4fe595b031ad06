/**
 * An HTTP server that answers GET /metrics and nothing else. It has no authentication and no TLS,
 * so it listens on loopback if nobody says otherwise.
 */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TransferError } from '../errors.ts'
import { errnoOf } from '../local-errors.ts'
import { shownValue } from '../option-check.ts'
import { METRICS_TYPE } from './exposition.ts'

const HOST_DEFAULT = '127.0.0.1'
const PATH = '/metrics'

/** Connections at a time; more are closed at once. Source: none; a scraper needs one. */
const CONNECTIONS_MAX = 64

export interface MetricsServerOptions {
  /** From 0 to 65535; 0 takes a free one. */
  readonly port: number
  /** Address or name to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined
}

export interface MetricsServer {
  /** Where the metrics are, `http://127.0.0.1:9464/metrics`. */
  readonly url: string
  readonly port: number
  /** Cuts every connection. Idempotent. */
  close(): Promise<void>
}

/**
 * Resolves once it listens. It does not keep the process alive.
 *
 * @param text makes the answer, anew for each request
 * @throws (rejects) ERR_OPTION_INVALID if it cannot listen there
 */
export async function serveMetrics(
  text: () => Promise<string>,
  { port, host = HOST_DEFAULT }: MetricsServerOptions,
): Promise<MetricsServer> {
  checkAddress(port, host)
  const server = makeServer(text)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, port, host)))
    server.listen({ port, host }, resolve)
  })
  // Nobody else listens: running out of descriptors ends no process, and the next scrape may do.
  server.on('error', () => undefined)
  server.unref()
  const { address, family, port: chosen } = server.address() as AddressInfo
  const shown = family === 'IPv6' ? `[${address}]` : address
  return {
    url: `http://${shown}:${chosen}${PATH}`,
    port: chosen,
    close: () =>
      new Promise((resolve) => {
        // An error says that it is closed.
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function makeServer(text: () => Promise<string>): Server {
  const server = createServer((request, response) => {
    // Nothing of a body is wanted.
    request.resume()
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' || path !== PATH) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end(`Only GET ${PATH} is here\n`)
      return
    }
    text().then(
      (body) => response.writeHead(200, { 'content-type': METRICS_TYPE }).end(body),
      () => response.writeHead(500).end(),
    )
  })
  server.maxConnections = CONNECTIONS_MAX
  // A scraper that keeps its connection must not keep the process.
  server.on('connection', (socket) => socket.unref())
  return server
}

function checkAddress(port: unknown, host: unknown): void {
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw invalid('port', `\`port\` is a whole number from 0 to 65535, not ${shownValue(port)}`)
  }
  if (typeof host !== 'string' || host === '') {
    throw invalid('host', `\`host\` is an address or a name to listen on, not ${shownValue(host)}`)
  }
}

function cannotListen(error: Error, port: number, host: string): TransferError {
  const errno = errnoOf(error)
  if (errno === 'EADDRINUSE') return invalid('port', `Port ${port} of ${host} is taken`, error)
  if (errno === 'EACCES') return invalid('port', `Port ${port} of ${host} is not allowed`, error)
  return invalid('host', `Cannot listen on ${host}: ${errno ?? error.message}`, error)
}

function invalid(option: string, message: string, cause?: Error): TransferError {
  return new TransferError('ERR_OPTION_INVALID', message, { option }, { cause })
}
