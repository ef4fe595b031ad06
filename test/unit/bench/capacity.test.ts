/** How far the engine goes: the section of ARCHITECTURE.md is what the inputs say, and the simulation agrees with it. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DEFAULTS, fleetNamed, fleetOf } from '../../../bench/capacity/cases.ts'
import { inputsFrom, loadInputs } from '../../../bench/capacity/inputs.ts'
import { parseSchedStat } from '../../../bench/capacity/main-thread-clock.ts'
import { type Load, reach } from '../../../bench/capacity/model.ts'
import { bytes, count, figures, seconds } from '../../../bench/capacity/numbers.ts'
import { loadCapacityRecord } from '../../../bench/capacity/record.ts'
import { simulate } from '../../../bench/capacity/simulate.ts'
import { fleetOfCase, SIMULATED, TOLERANCE } from '../../../bench/capacity/table-simulated.ts'
import { listCases, renderCapacity } from '../../../bench/capacity/table.ts'
import { replaceResults } from '../../../bench/report/document.ts'
import { loadResults } from '../../../bench/report/load.ts'
import { GiB, KiB, MiB } from '../../../src/units.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const RESULTS = join(ROOT, 'bench', 'results')
const inputs = await loadInputs(RESULTS)

describe('ARCHITECTURE.md', () => {
  it('holds exactly what the kept results say (npm run bench:capacity -- --write)', () => {
    const document = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
    expect(document).toBe(replaceResults(document, `${renderCapacity(inputs)}\n`, 'capacity'))
  })

  it('names in words the limits that the numbers have', () => {
    const one = fleetNamed('1 × 16 cores, one process')
    const limit = (load: Load, settings?: typeof DEFAULTS): string =>
      reach(inputs, fleetOf(one, load, 25e9, 100, settings), load).limit
    expect(limit({ operation: 'upload', size: 4 * KiB })).toBe('main thread')
    expect(limit({ operation: 'relay', size: 4 * KiB })).toBe('main thread')
    expect(limit({ operation: 'upload', size: 4 * KiB }, DEFAULTS)).toBe('maxTransfers')
    expect(limit({ operation: 'relay', size: 64 * MiB }, DEFAULTS)).toBe('memoryLimit')
    expect(limit({ operation: 'upload', size: 4 * GiB })).toBe('link')
    expect(limit({ operation: 'download', size: 4 * GiB })).toBe('link')
    const copies = { operation: 'relay', size: 64 * KiB } as const
    const most = fleetOf(fleetNamed('64 × 16 cores, 256 processes'), copies, 25e9, 100)
    expect(reach(inputs, most, copies).limit).toBe('coordinator')
  })
})

describe('inputs', () => {
  it('have a source each, and a main thread that takes part of the whole', () => {
    for (const point of Object.values(inputs.costs).flat()) {
      expect(point.source).toMatch(/, \d{4}-\d{2}-\d{2}$/)
      expect(point.mainSeconds).toBeGreaterThan(0)
      expect(point.mainSeconds).toBeLessThan(point.cpuSeconds)
    }
  })

  it('change with a result, and are missed where there is none', async () => {
    const results = await loadResults(RESULTS)
    const record = await loadCapacityRecord(RESULTS)
    const dearer = results.map((result) =>
      result.workload === 'upload-4g'
        ? {
            ...result,
            samples: result.samples.map((each) => ({ ...each, userSeconds: 2 * each.userSeconds })),
          }
        : result,
    )
    const costOf = ({ costs }: typeof inputs): number => costs.upload.at(-1)?.cpuSeconds ?? 0
    expect(costOf(inputsFrom(dearer, record))).toBeGreaterThan(1.3 * costOf(inputs))
    const without = results.filter(({ workload }) => workload !== 'upload-4g')
    expect(() => inputsFrom(without, record)).toThrow('no upload-4g; npm run bench measures it')
    const unmeasured = { ...record, runs: record.runs.filter(({ count }) => count === 1) }
    expect(() => inputsFrom(results, unmeasured)).toThrow('--measure upload-20k-4k measures it')
  })

  it('know the time of a thread as the kernel writes it', () => {
    expect(parseSchedStat('1182869000 662903 3\n')).toBeCloseTo(1.182869, 9)
  })
})

describe('the simulation', () => {
  it.each(SIMULATED.map((each, index) => [index, each] as const))(
    'agrees with the model in case %i',
    (_, each) => {
      const fleet = fleetOfCase(each)
      const { rate } = reach(inputs, fleet, each.load)
      const simulated = simulate(inputs, fleet, each.load, { seed: 7 }).rate
      expect(Math.abs(simulated / rate - 1)).toBeLessThan(TOLERANCE)
    },
  )

  it('has a case for each resource that can be the least', () => {
    const limits = SIMULATED.map((each) => reach(inputs, fleetOfCase(each), each.load).limit)
    expect(new Set(limits)).toEqual(
      new Set([
        'main thread',
        'maxTransfers',
        'memoryLimit',
        'cores',
        'link',
        'PUTs per prefix',
        'GETs per prefix',
        'coordinator',
      ]),
    )
  })
})

describe('the list of all cases', () => {
  it('has a line for each fleet, link, number of prefixes, operation and size', () => {
    const lines = listCases(inputs).trimEnd().split('\n')
    expect(lines).toHaveLength(7 * 2 * 3 * 3 * 5)
    expect(new Set(lines.map((line) => line.split('\t').length))).toEqual(new Set([8]))
  })
})

describe('numbers', () => {
  it('have two figures and a unit', () => {
    expect([0.6849, 43_210, 349_999].map(figures)).toEqual(['0.68', '43,000', '350,000'])
    expect([560, 5.6e12].map(bytes)).toEqual(['560 bytes', '5.6 TB'])
    expect([5.88e-6, 0.0021, 8, 100, 57_600, 230_000].map(seconds)).toEqual([
      '5.9 µs',
      '2.1 ms',
      '8 s',
      '1.7 min',
      '16 h',
      '2.7 days',
    ])
    expect([100e6, 10e9, 10_000].map(count)).toEqual(['100 M', '10 G', '10,000'])
    expect(figures(Number.NaN)).toBe('–')
  })
})
