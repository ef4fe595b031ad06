/**
 * Which faults a request meets. Pure but for the counters of each rule; the clock is passed in.
 * All rules that match apply, in the order they were added.
 */

import type { Fault, FaultMatch, FaultRule, RequestFacts } from './fault-types.ts'

/** Kinds that strike a connection when it is accepted, before there is a request. */
const CONNECTION_KINDS: ReadonlySet<string> = new Set(['never-read', 'max-connections'])

/** A fault a request has met, with the id of its rule. */
export interface MetFault {
  readonly ruleId: number
  readonly fault: Fault
}

/** A rule as it stands: `seen` matched, `given` met the fault. */
export interface RuleState {
  readonly id: number
  readonly rule: FaultRule
  readonly seen: number
  readonly given: number
}

interface LiveRule {
  readonly id: number
  readonly rule: FaultRule
  readonly keyPattern: RegExp | undefined
  readonly random: () => number
  seen: number
  given: number
  firstSeenAt: number | undefined
}

/** The rules of one store. */
export class FaultRules {
  #rules: LiveRule[] = []
  #nextId = 1

  /** Adds a rule and returns its id. @throws SyntaxError for a bad `keyPattern`. */
  add(rule: FaultRule): number {
    const pattern = rule.match?.keyPattern
    this.#rules.push({
      id: this.#nextId,
      rule,
      keyPattern: pattern === undefined ? undefined : new RegExp(pattern),
      random: seededRandom(rule.seed ?? 1),
      seen: 0,
      given: 0,
      firstSeenAt: undefined,
    })
    this.#nextId += 1
    return this.#nextId - 1
  }

  /** Removes one rule; false when there is none of that id. */
  remove(id: number): boolean {
    const before = this.#rules.length
    this.#rules = this.#rules.filter((live) => live.id !== id)
    return this.#rules.length < before
  }

  clear(): void {
    this.#rules = []
  }

  list(): readonly RuleState[] {
    return this.#rules.map(({ id, rule, seen, given }) => ({ id, rule, seen, given }))
  }

  /** The faults this request meets; counts it. @param now - milliseconds. */
  take(facts: RequestFacts, now: number): readonly MetFault[] {
    if (this.#rules.length === 0) return []
    return this.#rules
      .filter(
        (live) =>
          !CONNECTION_KINDS.has(live.rule.fault.kind) &&
          matches(live.rule.match ?? {}, live.keyPattern, facts) &&
          strikes(live, now),
      )
      .map((live) => ({ ruleId: live.id, fault: live.rule.fault }))
  }

  /** The faults a connection meets when it is accepted; counts it. */
  takeConnection(connection: number, now: number): readonly MetFault[] {
    return this.#rules
      .filter(({ rule }) => CONNECTION_KINDS.has(rule.fault.kind))
      .filter(({ rule }) => (rule.match?.connection ?? connection) === connection)
      .filter((live) => strikes(live, now))
      .map((live) => ({ ruleId: live.id, fault: live.rule.fault }))
  }
}

/** Whether the conditions hold for a request. */
function matches(match: FaultMatch, pattern: RegExp | undefined, facts: RequestFacts): boolean {
  return (
    isOneOf(match.operation, facts.operation) &&
    isOneOf(match.bucket, facts.bucket) &&
    isOneOf(match.key, facts.key) &&
    (pattern === undefined || (facts.key !== undefined && pattern.test(facts.key))) &&
    isOneOf(match.partNumber, facts.partNumber) &&
    isOneOf(match.rangeStart, facts.rangeStart) &&
    isOneOf(match.connection, facts.connection) &&
    isOneOf(match.accessKeyId, facts.accessKeyId)
  )
}

function isOneOf<T>(wanted: T | readonly T[] | undefined, actual: T | undefined): boolean {
  if (wanted === undefined) return true
  return Array.isArray(wanted) ? wanted.includes(actual) : wanted === actual
}

/** Counts a matching request and decides by skip, times, duration and chance. */
function strikes(live: LiveRule, now: number): boolean {
  const { rule } = live
  live.seen += 1
  live.firstSeenAt ??= now
  if (live.seen <= (rule.skip ?? 0)) return false
  if (live.given >= (rule.times ?? Number.POSITIVE_INFINITY)) return false
  if (now - live.firstSeenAt >= (rule.durationMs ?? Number.POSITIVE_INFINITY)) return false
  if (rule.probability !== undefined && live.random() >= rule.probability) return false
  live.given += 1
  return true
}

/** Mulberry32: small, fast, the same everywhere. Gives numbers from 0 to below 1. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
