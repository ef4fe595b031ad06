/** The model beside the simulation, and prefixes that split while they are written to: tables. Pure. */

import { formatSize, GiB, KiB, MiB } from '../../src/units.ts'
import { tableLines } from '../report/markdown.ts'
import { DEFAULTS, fleetNamed, fleetOf, type NamedFleet, WIDE } from './cases.ts'
import type { Inputs } from './inputs.ts'
import { type Fleet, type Load, reach } from './model.ts'
import { figures } from './numbers.ts'
import { simulate } from './simulate.ts'

/** How far a simulated rate may be from the bound of the model; below it near a knee, never above by more than noise. */
export const TOLERANCE = 0.1

interface Case {
  readonly fleet: NamedFleet
  readonly load: Load
  readonly prefixes: number
  readonly settings: Fleet['settings']
}

const ONE = fleetNamed('1 × 16 cores, one process')
const FOUR = fleetNamed('1 × 16 cores, 4 processes')
const LARGE = fleetNamed('1 × 64 cores, 16 processes')
const SIXTEEN = fleetNamed('16 × 16 cores, 64 processes')
const MOST = fleetNamed('64 × 16 cores, 256 processes')

/** One for each resource that can be what it ends at. */
export const SIMULATED: readonly Case[] = [
  { fleet: ONE, load: { operation: 'upload', size: 4 * KiB }, prefixes: 100, settings: WIDE },
  { fleet: ONE, load: { operation: 'upload', size: 4 * KiB }, prefixes: 100, settings: DEFAULTS },
  { fleet: ONE, load: { operation: 'relay', size: GiB * 4 }, prefixes: 100, settings: DEFAULTS },
  { fleet: ONE, load: { operation: 'upload', size: GiB * 4 }, prefixes: 1, settings: DEFAULTS },
  { fleet: FOUR, load: { operation: 'download', size: 64 * KiB }, prefixes: 100, settings: WIDE },
  { fleet: FOUR, load: { operation: 'upload', size: 64 * MiB }, prefixes: 100, settings: WIDE },
  { fleet: LARGE, load: { operation: 'upload', size: 4 * KiB }, prefixes: 10, settings: WIDE },
  { fleet: SIXTEEN, load: { operation: 'download', size: 4 * KiB }, prefixes: 1, settings: WIDE },
  { fleet: MOST, load: { operation: 'relay', size: 64 * KiB }, prefixes: 100, settings: WIDE },
]

/** Faster than S3 splits, which says no time; what counts is what it comes to. */
const SPLITTING = { splitAfter: 5, seconds: 40 } as const

export function fleetOfCase({ fleet, load, prefixes, settings }: Case): Fleet {
  return fleetOf(fleet, load, 25e9, prefixes, settings)
}

export function renderSimulated(inputs: Inputs): string[] {
  const rows = SIMULATED.map((each) => {
    const { load, prefixes, settings } = each
    const fleet = fleetOfCase(each)
    const { rate, limit } = reach(inputs, fleet, load)
    const simulated = simulate(inputs, fleet, load).rate
    const bounds = `${plural(prefixes)}, ${settings === WIDE ? 'wider' : 'defaults'}`
    return [
      `${load.operation}, ${formatSize(load.size)}: ${each.fleet.title}, ${bounds}`,
      limit,
      figures(rate),
      figures(simulated),
      signed(simulated / rate - 1),
    ]
  })
  const heads = ['', 'ends at', 'model, objects/s', 'simulated', 'difference']
  return [
    'The model beside a simulation, in which every request waits its turn at each of these places, with latencies by ' +
      `chance (within ${100 * TOLERANCE} %, which a test holds; the simulation knows no bounds):`,
    tableLines(heads, rows, 2).join('\n'),
  ]
}

export function renderSplits(inputs: Inputs): string[] {
  const load: Load = { operation: 'upload', size: 4 * KiB }
  const fleet = fleetOf(LARGE, load, 25e9, 1)
  const { course } = simulate(inputs, fleet, load, SPLITTING)
  const rows = course.map(({ rate, partitions }, index) => [
    `${((index + 1) * SPLITTING.seconds) / course.length} s`,
    String(partitions),
    figures(rate),
  ])
  return [
    `One prefix that splits when it has been full for ${SPLITTING.splitAfter} s (S3 does not say when it does; minutes are ` +
      `seen), simulated: uploads of ${formatSize(load.size)} by ${LARGE.title}, which end at ` +
      `${figures(reach(inputs, fleetOf(LARGE, load, 25e9, 100), load).rate)} a second where prefixes are no limit.`,
    tableLines(['until', 'prefixes', 'objects/s'], rows, 1).join('\n'),
  ]
}

function plural(prefixes: number): string {
  return prefixes === 1 ? '1 prefix' : `${prefixes} prefixes`
}

/** Whole per cent, zero without a sign. */
function signed(share: number): string {
  const percent = Math.round(100 * share)
  const sign = percent < 0 ? '−' : percent > 0 ? '+' : ''
  return `${sign}${Math.abs(percent)} %`
}
