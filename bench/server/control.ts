/** What the runner of the benchmark asks the server's process, and what it is answered. */

import type { BenchServer, ServerStats } from './bench-server.ts'
import type { ReceivedObject } from './catalog.ts'

export type ControlRequest =
  | { readonly id: number; readonly kind: 'stats' }
  | {
      readonly id: number
      readonly kind: 'publish'
      /** The key of one object; of several what they begin with. */
      readonly prefix: string
      readonly count: number
      readonly size: number
      /** What they say of their time; absent: now. Epoch milliseconds. */
      readonly modifiedMs?: number | undefined
    }
  | { readonly id: number; readonly kind: 'received'; readonly prefix: string }
  | { readonly id: number; readonly kind: 'forget'; readonly prefix: string }
  | { readonly id: number; readonly kind: 'clear'; readonly prefix: string }

/** The answer to `received`; that to `stats` is `ServerStats`, the others say nothing. */
export interface ReceivedAnswer {
  readonly objects: readonly ReceivedObject[]
}

export function answerControl(
  server: Pick<BenchServer, 'catalog' | 'stats'>,
  request: ControlRequest,
): { readonly id: number } & Partial<ServerStats & ReceivedAnswer> {
  const { id } = request
  switch (request.kind) {
    case 'stats':
      return { id, ...server.stats() }
    case 'publish':
      server.catalog.publish(request.prefix, request.count, request.size, request.modifiedMs)
      return { id }
    case 'clear':
      server.catalog.clear(request.prefix)
      return { id }
    case 'received':
      return { id, objects: server.catalog.received(request.prefix) }
    case 'forget':
      server.catalog.forget(request.prefix)
      return { id }
  }
}
