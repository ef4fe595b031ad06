/**
 * What a chaos proxy may do to a request, its answer or a connection, as data, and which of them
 * it happens to. Times are milliseconds, sizes and offsets bytes. Pure but for the counts of rules.
 */

import { seededRandom } from '../../../bench/simulation/random.ts'

/** To the store, or back from it. */
export type Way = 'up' | 'down'

/** How a connection ends: reset, or closed in good order. */
export type Cut = 'rst' | 'fin'

/**
 * One fault of a request. `afterBytes` counts from the first byte of the message's head, `offset`
 * from the first byte of its body.
 */
export type RequestFault =
  /** The request is passed on so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'rate'; readonly way: Way; readonly bytesPerSecond: number }
  /** So many bytes are passed on, then both connections end. */
  | { readonly kind: 'cut'; readonly way: Way; readonly afterBytes: number; readonly how: Cut }
  /** So many bytes are passed on, then none for `ms`, or for ever. */
  | {
      readonly kind: 'stall'
      readonly way: Way
      readonly afterBytes: number
      readonly ms?: number | undefined
    }
  /** One bit of one byte of the body is flipped. */
  | { readonly kind: 'corrupt'; readonly way: Way; readonly offset: number }
  /** The first `count` bytes are passed on by one to `most` at a time. */
  | {
      readonly kind: 'split'
      readonly way: Way
      readonly most: number
      readonly count: number
    }
  /** The store does what it was asked; its answer never arrives, and the connection ends or stands. */
  | { readonly kind: 'swallow'; readonly how: Cut | 'stall' }
  /** The answer arrives twice, in one piece. */
  | { readonly kind: 'duplicate' }
  /** The connection ends as soon as the answer has passed. */
  | { readonly kind: 'close-after'; readonly how: Cut }

/** One fault of a connection, when it is accepted. */
export type ConnectionFault =
  | { readonly kind: 'reject' }
  /** Accepted and never read. */
  | { readonly kind: 'hold' }

export type ChaosFault = RequestFault | ConnectionFault

export interface ChaosRule {
  readonly fault: ChaosFault
  /** Of the request; any when left out. */
  readonly method?: string | undefined
  /** Must match path and query as on the wire. */
  readonly target?: RegExp | undefined
  /** Must match the Range header. */
  readonly range?: RegExp | undefined
  /** Number of the connection, from 1. */
  readonly connection?: number | undefined
  /** Matching ones let through first. @default 0 */
  readonly skip?: number | undefined
  /** How many meet the fault at most. @default no limit */
  readonly times?: number | undefined
  /** Chance of each matching one, 0 to 1. @default 1 */
  readonly probability?: number | undefined
}

/** What is known of a request when its head has come. */
export interface ProxiedRequest {
  readonly method: string
  /** Path and query as on the wire. */
  readonly target: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** From 1. */
  readonly connection: number
  /** The faults it met. */
  readonly faults: readonly RequestFault[]
}

interface LiveRule {
  readonly rule: ChaosRule
  seen: number
  given: number
}

/** The rules of one proxy. All that match apply, in the order they were added. */
export class ChaosRules {
  readonly #random: () => number
  #rules: LiveRule[] = []

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  add(rule: ChaosRule): void {
    this.#rules.push({ rule, seen: 0, given: 0 })
  }

  clear(): void {
    this.#rules = []
  }

  /** The faults this request meets; counts it. */
  ofRequest(request: Omit<ProxiedRequest, 'faults'>): readonly RequestFault[] {
    return this.#rules.flatMap((live) => {
      const { fault } = live.rule
      if (isOfConnection(fault) || !matches(live.rule, request)) return []
      return this.#strikes(live) ? [fault] : []
    })
  }

  /** The fault this connection meets; counts it. */
  ofConnection(connection: number): ConnectionFault | undefined {
    for (const live of this.#rules) {
      const { fault, connection: wanted = connection } = live.rule
      if (!isOfConnection(fault) || wanted !== connection) continue
      if (this.#strikes(live)) return fault
    }
    return undefined
  }

  #strikes(live: LiveRule): boolean {
    const { skip = 0, times = Infinity, probability = 1 } = live.rule
    live.seen += 1
    if (live.seen <= skip || live.given >= times) return false
    if (probability < 1 && this.#random() >= probability) return false
    live.given += 1
    return true
  }
}

function isOfConnection(fault: ChaosFault): fault is ConnectionFault {
  return fault.kind === 'reject' || fault.kind === 'hold'
}

function matches(rule: ChaosRule, request: Omit<ProxiedRequest, 'faults'>): boolean {
  const { method, target, range, connection } = rule
  return (
    (method === undefined || method === request.method) &&
    (target === undefined || target.test(request.target)) &&
    (range === undefined || range.test(request.headers['range'] ?? '')) &&
    (connection === undefined || connection === request.connection)
  )
}
