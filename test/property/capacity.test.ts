/** The model and the simulation of fleets, for fleets and loads of any kind. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fleet, type Load, reach } from '../../bench/capacity/model.ts'
import { simulate } from '../../bench/capacity/simulate.ts'
import { GiB, KiB, MiB } from '../../src/units.ts'
import { INPUTS } from '../unit/bench/capacity-fixture.ts'

const fleets: fc.Arbitrary<Fleet> = fc.record({
  hosts: fc.integer({ min: 1, max: 16 }),
  cores: fc.integer({ min: 1, max: 64 }),
  processes: fc.integer({ min: 1, max: 8 }),
  link: fc.constantFrom(1e9, 25e9, 100e9),
  prefixes: fc.integer({ min: 1, max: 50 }),
  queue: fc.boolean(),
  settings: fc.record({
    maxInFlight: fc.integer({ min: 16, max: 2048 }),
    maxTransfers: fc.integer({ min: 16, max: 2048 }),
    memoryLimit: fc.integer({ min: 128 * MiB, max: 16 * GiB }),
  }),
})

const loads: fc.Arbitrary<Load> = fc.record({
  operation: fc.constantFrom('upload', 'download', 'relay'),
  size: fc.constantFrom(4 * KiB, 64 * KiB, MiB, 64 * MiB, GiB),
})

describe('the model', () => {
  it('uses no resource beyond what there is of it, and one of them wholly', () => {
    fc.assert(
      fc.property(fleets, loads, (fleet, load) => {
        const { rate, limit, resources } = reach(INPUTS, fleet, load)
        for (const { name, given, taken } of resources) {
          expect(rate * taken, `of ${name}`).toBeLessThanOrEqual(given * (1 + 1e-9))
        }
        const least = resources.find(({ name }) => name === limit)
        expect(rate * (least?.taken ?? 0)).toBeCloseTo(least?.given ?? -1, 0)
      }),
    )
  })

  it('never goes slower with more of anything', () => {
    const more: readonly ((fleet: Fleet) => Fleet)[] = [
      (fleet) => ({ ...fleet, cores: fleet.cores + 1 }),
      (fleet) => ({ ...fleet, link: 2 * fleet.link }),
      (fleet) => ({ ...fleet, prefixes: fleet.prefixes + 1 }),
      (fleet) => ({ ...fleet, settings: { ...fleet.settings, maxInFlight: 4096 } }),
      (fleet) => ({ ...fleet, settings: { ...fleet.settings, maxTransfers: 4096 } }),
      (fleet) => ({ ...fleet, settings: { ...fleet.settings, memoryLimit: 64 * GiB } }),
      (fleet) => ({ ...fleet, hosts: fleet.hosts + 1, queue: false }),
    ]
    fc.assert(
      fc.property(fleets, loads, fc.constantFrom(...more), (fleet, load, grow) => {
        const before = reach(INPUTS, fleet, load).rate
        expect(reach(INPUTS, grow(fleet), load).rate).toBeGreaterThanOrEqual(before)
      }),
    )
  })
})

describe('the simulation', () => {
  it('loses nothing, and never passes a bound of the model', () => {
    fc.assert(
      fc.property(fleets, loads, fc.integer(), (fleet, load, seed) => {
        const { rate, begun, done, underWay } = simulate(INPUTS, fleet, load, { seed })
        expect(begun).toBeCloseTo(done + underWay, 3)
        expect(underWay).toBeGreaterThan(0)
        const bound = reach(INPUTS, fleet, load).rate
        expect(rate).toBeLessThanOrEqual(bound * 1.1)
        // Where several resources are nearly full at once, waiting at each adds up.
        expect(rate).toBeGreaterThanOrEqual(bound * 0.5)
      }),
      { numRuns: 25 },
    )
  })

  it('is the same with the same seed', () => {
    fc.assert(
      fc.property(fleets, loads, fc.integer(), (fleet, load, seed) => {
        expect(simulate(INPUTS, fleet, load, { seed })).toEqual(
          simulate(INPUTS, fleet, load, { seed }),
        )
      }),
      { numRuns: 5 },
    )
  })

  it('has prefixes that split until they are no limit', () => {
    const fleet: Fleet = {
      hosts: 1,
      cores: 64,
      processes: 8,
      link: 25e9,
      prefixes: 1,
      queue: false,
      settings: { maxInFlight: 1024, maxTransfers: 1024, memoryLimit: 16 * GiB },
    }
    const load: Load = { operation: 'upload', size: 4 * KiB }
    const wide = reach(INPUTS, { ...fleet, prefixes: 1000 }, load)
    const { course } = simulate(INPUTS, fleet, load, { splitAfter: 2, seconds: 30 })
    const counts = course.map(({ partitions }) => partitions)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(course[0]?.rate).toBeLessThan(wide.rate / 3)
    expect(course.at(-1)?.rate).toBeGreaterThan(wide.rate * 0.9)
    const still = simulate(INPUTS, fleet, load, { seconds: 30 })
    expect(still.course.at(-1)).toMatchObject({ partitions: 1 })
    expect(still.rate).toBeCloseTo(3500, -2)
  })
})
