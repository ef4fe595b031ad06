/**
 * A bad network between an engine and a local store: a TCP proxy on loopback that delays, slows,
 * splits, stalls, corrupts and cuts what passes, by rules. It understands as much of HTTP/1.1 as is
 * needed to aim at one request of many. Plain connections only.
 */

import { createServer, type AddressInfo, type Socket } from 'node:net'
import { seededRandom } from '../../../bench/simulation/random.ts'
import { type ChaosRule, ChaosRules, type ProxiedRequest } from './faults.ts'
import { Link } from './link.ts'

export type { ChaosRule, RequestFault } from './faults.ts'

export interface ChaosProxy extends AsyncDisposable {
  /** URL for clients. */
  readonly endpoint: string
  /** Requests whose head has come, in order. */
  readonly requests: readonly ProxiedRequest[]
  /** Connections of clients open now, and accepted so far. */
  readonly connections: { readonly open: number; readonly total: number }
  add(rule: ChaosRule): void
  /** Forgets rules and requests; connections stay. */
  reset(): void
  close(): Promise<void>
}

/** @param seed of rules with a probability, and of the sizes of split writes */
export async function startChaosProxy(storePort: number, seed = 1): Promise<ChaosProxy> {
  const rules = new ChaosRules(seed)
  const random = seededRandom(seed + 1)
  const requests: ProxiedRequest[] = []
  const links = new Map<Socket, Link | undefined>()
  let total = 0
  const server = createServer((client) => {
    total += 1
    const connection = total
    client.on('error', () => undefined)
    const fault = rules.ofConnection(connection)
    if (fault?.kind === 'reject') {
      client.resetAndDestroy()
      return
    }
    client.once('close', () => links.delete(client))
    if (fault?.kind === 'hold') {
      links.set(client.pause(), undefined)
      return
    }
    const link = new Link(client, {
      storePort,
      random,
      onRequest: (method, target, headers) => {
        const seen = { method, target, headers, connection }
        const request = { ...seen, faults: rules.ofRequest(seen) }
        requests.push(request)
        return request
      },
    })
    links.set(client, link)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (!server.listening) return resolve()
      server.close(() => resolve())
      for (const [client, link] of links) {
        link?.close()
        client.destroy()
      }
    })
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return { open: links.size, total }
    },
    add: (rule) => rules.add(rule),
    reset: () => {
      rules.clear()
      requests.length = 0
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
