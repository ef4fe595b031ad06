/**
 * A scenario from its first to its last second: what was moved, and what could have been. What is
 * achievable follows from the scenario alone. Pure; the same every time.
 */

import { SimulatedClient, type ClientCounts } from './client.ts'
import { EventQueue } from './event-queue.ts'
import type { Scenario } from './scenarios.ts'
import { SimulatedStore } from './store.ts'

/** One moment of a run; rates are those of the time since the sample before. */
export interface Sample {
  /** Seconds since the beginning. */
  readonly at: number
  /** Of each client. */
  readonly limits: readonly number[]
  /** Bytes per second, of each client. */
  readonly goodputs: readonly number[]
  /** Bytes per second. */
  readonly achievable: number
}

export interface ScenarioRun {
  readonly scenario: Scenario
  readonly samples: readonly Sample[]
  /** Share of the achievable rate that was reached after warm-up. */
  readonly reached: number
  /** Share of the requests that were refused after warm-up. */
  readonly refused: number
  /** Jain's index of the clients' shares after warm-up; 1 is fair. */
  readonly fairness: number
}

/** Between two samples. Seconds. */
const SAMPLE = 0.5

/** Between clients that share a line, so that they do not act in step. Milliseconds. */
const STAGGER_MS = 1700

export function runScenario(scenario: Scenario, seed = 1): ScenarioRun {
  const events = new EventQueue()
  const store = new SimulatedStore(events, scenario.store, seed)
  const clients = Array.from({ length: scenario.clients }, (_, index) => {
    const client = new SimulatedClient(events, store, { ...scenario, seed: seed + 1 + index })
    events.after(index * STAGGER_MS, () => client.begin())
    return client
  })
  const { change } = scenario
  if (change !== undefined) {
    events.after(1000 * change.at, () => (store.bandwidth = change.bandwidth))
  }
  const samples: Sample[] = []
  const moved = clients.map(() => 0)
  const ends = { done: 0, refused: 0 }
  let possible = 0
  let before = clients.map(({ counts }) => counts)
  for (let at = SAMPLE; at <= scenario.seconds; at += SAMPLE) {
    events.runUntil(1000 * at)
    const counts = clients.map((client) => client.counts)
    const goodputs = counts.map(
      ({ bytes }, index) => (bytes - (before[index]?.bytes ?? 0)) / SAMPLE,
    )
    const achievable = achievableRate(scenario, at - SAMPLE)
    samples.push({ at, limits: clients.map(({ limit }) => limit.limit), goodputs, achievable })
    if (isCounted(scenario, at)) {
      possible += achievable
      for (const [index, goodput] of goodputs.entries())
        moved[index] = (moved[index] ?? 0) + goodput
      ends.done += total(counts, 'done') - total(before, 'done')
      ends.refused += total(counts, 'refused') - total(before, 'refused')
    }
    before = counts
  }
  return {
    scenario,
    samples,
    reached: moved.reduce((sum, each) => sum + each, 0) / possible,
    refused: ends.refused / (ends.done + ends.refused),
    fairness: jain(moved),
  }
}

/** Bytes per second that no client could exceed for long. */
export function achievableRate(scenario: Scenario, at: number): number {
  const { store, requestBytes, change } = scenario
  const { perConnection, latencyMs, throttle = Infinity, maxAtWork = Infinity } = store
  const bandwidth = change !== undefined && at >= change.at ? change.bandwidth : store.bandwidth
  const secondsAlone = latencyMs / 1000 + requestBytes / Math.min(perConnection, bandwidth)
  const atWork = Math.min(scenario.maxInFlight * scenario.clients, maxAtWork)
  return Math.min(bandwidth, throttle * requestBytes, (atWork * requestBytes) / secondsAlone)
}

function isCounted({ warmUp, change }: Scenario, at: number): boolean {
  if (at <= warmUp) return false
  return change === undefined || at <= change.at || at > change.at + change.warmUp
}

function total(counts: readonly ClientCounts[], name: 'done' | 'refused'): number {
  return counts.reduce((sum, each) => sum + each[name], 0)
}

/** Source: Jain, Chiu, Hawe 1984, "A Quantitative Measure of Fairness". */
function jain(shares: readonly number[]): number {
  const sum = shares.reduce((a, b) => a + b, 0)
  const squares = shares.reduce((a, b) => a + b * b, 0)
  return sum ** 2 / (shares.length * squares)
}
