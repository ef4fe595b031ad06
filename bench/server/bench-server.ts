/**
 * The store of the benchmark: takes everything and keeps no bytes, serves content nobody made
 * beforehand, on a plain and, where a certificate can be made, on a TLS port. It checks no
 * signatures. Cheap on purpose, so that what is measured is the client; the strict store of
 * the tests is another.
 */

import { Catalog } from './catalog.ts'
import { makeCertificate } from './certificate.ts'
import type { Responder } from './connection.ts'
import { listenPlain, listenSecure, type Listener } from './listener.ts'
import { answerRequest, isMove, needsText } from './operations.ts'
import type { ServerAddress } from '../peers/peer.ts'

export interface BenchServer {
  readonly address: ServerAddress
  readonly catalog: Catalog
  stats(): ServerStats
  close(): Promise<void>
}

/** Totals since the start. */
export interface ServerStats {
  readonly connections: number
  readonly requests: number
  /** Those that were neither a listing nor a HEAD: they move something. */
  readonly moves: number
  readonly cpuSeconds: number
}

const BUCKET = 'bench'

export async function startBenchServer(): Promise<BenchServer> {
  const catalog = new Catalog()
  let requests = 0
  let moves = 0
  const responder: Responder = {
    needsText,
    answer: (head, received) => {
      requests += 1
      if (isMove(head)) moves += 1
      return answerRequest(catalog, BUCKET, head, received)
    },
  }
  const certificate = await makeCertificate()
  const listeners: Listener[] = [await listenPlain(responder)]
  if (certificate !== undefined) listeners.push(await listenSecure(responder, certificate))
  const [plain, secure] = listeners
  return {
    address: {
      endpoint: `http://127.0.0.1:${plain?.port}`,
      secureEndpoint: secure === undefined ? undefined : `https://127.0.0.1:${secure.port}`,
      caFile: certificate?.caFile,
      region: 'us-east-1',
      bucket: BUCKET,
      credentials: { accessKeyId: 'TESTACCESSKEY', secretAccessKey: 'test-secret-key' },
    },
    catalog,
    stats: () => {
      const { user, system } = process.cpuUsage()
      const connections = listeners.reduce((sum, listener) => sum + listener.connections(), 0)
      return { connections, requests, moves, cpuSeconds: (user + system) / 1e6 }
    },
    close: async () => {
      await Promise.all(listeners.map((listener) => listener.close()))
      certificate?.remove()
    },
  }
}
