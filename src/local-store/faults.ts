/**
 * The scripted faults of one store: its rules, its connection gate and what faults share. The
 * core asks once for each request, before it reads the body, and calls the hooks of what it
 * gets; a request without faults costs one look at an empty list.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Pace } from './fault-body.ts'
import { ConnectionGate } from './fault-connections.ts'
import { RequestFaults, type SharedFaultState } from './fault-effects.ts'
import { FaultRules, type RuleState } from './fault-rules.ts'
import type { FaultRule, RequestFacts } from './fault-types.ts'

/** Requests of one second, counted for a rate limit. */
interface Window {
  second: number
  count: number
}

/** The faults of a store. */
export class Faults {
  readonly #rules = new FaultRules()
  readonly #paces = new Map<number, Pace>()
  readonly #windows = new Map<string, Window>()
  readonly #shared: SharedFaultState
  #gate: ConnectionGate | undefined

  constructor() {
    this.#shared = {
      pace: (ruleId) => this.#pace(ruleId),
      overRate: (ruleId, group, perSecond) => this.#overRate(`${ruleId}:${group}`, perSecond),
      refuse: (ms) => this.refuse(ms),
    }
  }

  /** Adds a rule; returns its id. Rules act on requests that begin afterwards. */
  add(rule: FaultRule): number {
    return this.#rules.add(rule)
  }

  /** Removes one rule; false when there is none of that id. */
  remove(id: number): boolean {
    return this.#rules.remove(id)
  }

  clear(): void {
    this.#rules.clear()
    this.#paces.clear()
    this.#windows.clear()
  }

  list(): readonly RuleState[] {
    return this.#rules.list()
  }

  /** Puts the gate before a server that does not listen yet; once. */
  guard(server: Server): ConnectionGate {
    this.#gate = new ConnectionGate(server, (connection) =>
      this.#rules.takeConnection(connection, Date.now()),
    )
    return this.#gate
  }

  /** Closes the port for a time. Milliseconds. */
  refuse(ms: number): void {
    this.#gate?.refuse(ms)
  }

  /** The faults of a request; undefined when it meets none. */
  forRequest(
    facts: RequestFacts,
    req: IncomingMessage,
    res: ServerResponse,
  ): RequestFaults | undefined {
    const met = this.#rules.take(facts, Date.now())
    return met.length === 0 ? undefined : new RequestFaults(met, facts.key, req, res, this.#shared)
  }

  /** Ends sockets and timers of the gate. */
  close(): void {
    this.#gate?.close()
  }

  /** Only a rule that says so shares its pace; the others start afresh with each request. */
  #pace(ruleId: number): Pace {
    const rule = this.#rules.list().find(({ id }) => id === ruleId)?.rule
    if (rule?.fault.kind !== 'throttle' || rule.fault.shared !== true) return { nextAt: 0 }
    const pace = this.#paces.get(ruleId) ?? { nextAt: 0 }
    this.#paces.set(ruleId, pace)
    return pace
  }

  #overRate(name: string, perSecond: number): boolean {
    const second = Math.floor(Date.now() / 1000)
    const known = this.#windows.get(name)
    const window = known?.second === second ? known : { second, count: 0 }
    window.count += 1
    this.#windows.set(name, window)
    return window.count > perSecond
  }
}

/** Access key id a request claims, in its header or its query; not verified. */
export function claimedAccessKeyId(
  authorization: string | undefined,
  rawQuery: string,
): string | undefined {
  const header = /Credential=([^/,\s]+)\//.exec(authorization ?? '')
  const query = /(?:^|&)X-Amz-Credential=([^&%/]+)(?:%2F|\/)/i.exec(rawQuery)
  return header?.[1] ?? query?.[1]
}
