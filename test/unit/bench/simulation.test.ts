/** The simulated store by itself, and the kept runs: they are what the code does today. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { renderAdaptation } from '../../../bench/report/plots/adaptation.ts'
import { EventQueue } from '../../../bench/simulation/event-queue.ts'
import { Link } from '../../../bench/simulation/link.ts'
import { loadRecords, recordOf, recordsToJson } from '../../../bench/simulation/record.ts'
import { achievableRate, runScenario } from '../../../bench/simulation/run-scenario.ts'
import { SCENARIOS, type Scenario } from '../../../bench/simulation/scenarios.ts'
import { SimulatedStore } from '../../../bench/simulation/store.ts'

const RESULTS = fileURLToPath(new URL('../../../bench/results', import.meta.url))
const MODEL = { bandwidth: 1000, perConnection: 1000, latencyMs: 10, jitter: 0 }

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name)
  if (found === undefined) throw new Error(`there is no scenario ${name}`)
  return found
}

describe('events', () => {
  it('happen by their time, equals in the order they were added', () => {
    const events = new EventQueue()
    const seen: string[] = []
    for (const [ms, name] of [
      [5, 'b'],
      [1, 'a'],
      [5, 'c'],
      [9, 'd'],
    ] as const) {
      events.after(ms, () => seen.push(`${name} at ${events.now}`))
    }
    events.runUntil(6)
    expect(seen).toEqual(['a at 1', 'b at 5', 'c at 5'])
    expect(events.now).toBe(6)
  })
})

describe('a line', () => {
  it('is shared evenly, and is free again for the one that stays', () => {
    const events = new EventQueue()
    const link = new Link(events, 1000, 1000)
    const ends: number[] = []
    const moved = link.send(1000, () => ends.push(events.now))
    link.send(500, () => ends.push(events.now))
    events.runUntil(500)
    expect(moved()).toBeCloseTo(250, 6)
    events.runUntil(2000)
    expect(ends.map(Math.round)).toEqual([1000, 1500])
  })

  it('gives a connection no more than its rate, and changes on the way', () => {
    const events = new EventQueue()
    const link = new Link(events, 1000, 100)
    const moved = link.send(1000, () => undefined)
    events.runUntil(1000)
    expect(moved()).toBeCloseTo(100, 6)
    link.bandwidth = 50
    events.runUntil(2000)
    expect(moved()).toBeCloseTo(150, 6)
  })
})

describe('a store', () => {
  it('refuses what is above its rate, and leaves what is too much without an answer', () => {
    const events = new EventQueue()
    const throttled = new SimulatedStore(events, { ...MODEL, throttle: 40 }, 1)
    const crowded = new SimulatedStore(events, { ...MODEL, maxAtWork: 3 }, 1)
    const ends: string[] = []
    for (let index = 0; index < 12; index += 1) throttled.request(1, (how) => ends.push(how))
    events.runUntil(5000)
    expect(ends.filter((how) => how === 'refused')).toHaveLength(2)
    ends.length = 0
    for (let index = 0; index < 5; index += 1) crowded.request(1, (how) => ends.push(how))
    events.runUntil(10_000)
    expect(ends).toEqual(['done', 'done', 'done', 'timed-out', 'timed-out'])
  })
})

describe('what is achievable', () => {
  it('follows from the line, the throttle, or what so many requests can move', () => {
    expect(achievableRate(scenarioNamed('thin-line'), 0)).toBe(1_250_000)
    expect(achievableRate(scenarioNamed('throttle-200'), 0)).toBe(200 * 4096)
    expect(achievableRate(scenarioNamed('small-objects'), 0) / 4096).toBeCloseTo(12_748, -1)
    const { change } = scenarioNamed('slower')
    expect(achievableRate(scenarioNamed('slower'), 31)).toBe(change?.bandwidth)
  })
})

describe('the kept runs', () => {
  it('are there for each scenario, as they are written', async () => {
    const records = await loadRecords(RESULTS)
    expect(records.map(({ name }) => name)).toEqual(SCENARIOS.map(({ name }) => name))
    expect(JSON.parse(recordsToJson(records))).toEqual({ runs: records })
    expect(await loadRecords(join(RESULTS, 'missing'))).toEqual([])
  })

  it.each(['thin-line', 'fat-line', 'faster', 'throttle-200', 'time-outs', 'sharing'])(
    'show what the code does today: %s',
    async (name) => {
      const kept = (await loadRecords(RESULTS)).find((record) => record.name === name)
      expect(JSON.parse(JSON.stringify(recordOf(runScenario(scenarioNamed(name)))))).toEqual(kept)
    },
  )

  it('say in their plots what was reached', async () => {
    for (const record of await loadRecords(RESULTS)) {
      const svg = renderAdaptation(record)
      expect(svg).toContain(`${(100 * record.reached).toFixed(1)} % of the achievable rate`)
      expect(svg).not.toContain('NaN')
    }
  })
})
