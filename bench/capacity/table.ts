/** The model and the simulation as Markdown: what stands between the markers of ARCHITECTURE.md. Pure. */

import { formatSize } from '../../src/units.ts'
import { tableLines } from '../report/markdown.ts'
import { ASSUMPTIONS, type Assumption } from './assumptions.ts'
import {
  DEFAULTS,
  fleetNamed,
  FLEETS,
  fleetOf,
  LINKS,
  type NamedFleet,
  OPERATIONS,
  PREFIXES,
  SIZES,
  WIDE,
} from './cases.ts'
import { renderFindings } from './findings.ts'
import type { Inputs } from './inputs.ts'
import { type Load, reach, type Reached } from './model.ts'
import { figures, gigabits, seconds } from './numbers.ts'
import { renderControl, renderGrowth, renderRedis } from './table-queue.ts'
import { renderSimulated, renderSplits } from './table-simulated.ts'

const [SLOW, FAST] = LINKS as readonly [number, number]
const MANY = 100

/** Everything but headings of its own: the section has one. */
export function renderCapacity(inputs: Inputs): string {
  return [
    renderFindings(inputs),
    'Objects a second, what that is in bits, and what it ends at: 100 prefixes, options as wide as below.',
    renderMain(inputs),
    'The same with fewer prefixes at work at a time, 4 processes and 25 Gbit/s a host:',
    renderPrefixes(inputs),
    `What the defaults (${describe(DEFAULTS)}) let one process with 16 cores and 25 Gbit/s do, beside the wider ` +
      `options of the other tables (${describe(WIDE)}):`,
    renderDefaults(inputs),
    ...renderControl(inputs),
    ...renderRedis(),
    ...renderGrowth(inputs),
    ...renderSimulated(inputs),
    ...renderSplits(inputs),
    `Measured (${inputs.processor}; two cores that others use too), by [bench/results](bench/results), start-up taken ` +
      'away, over plain http:',
    renderCosts(inputs),
    `TLS adds ${figures(inputs.tls.upload * 2 ** 30)} s a GiB sent and ${figures(inputs.tls.download * 2 ** 30)} s a ` +
      'GiB received (`…-4g-tls` less `…-4g`), all of it in workers. Taken from others or for granted:',
    renderAssumptions(),
  ].join('\n\n')
}

/** Every case as lines of fields between tabs, for those who look for theirs. */
export function listCases(inputs: Inputs): string {
  const lines = FLEETS.flatMap((named) =>
    LINKS.flatMap((link) =>
      PREFIXES.flatMap((prefixes) =>
        loads().map((load) => {
          const { rate, bitsPerSecond, limit } = reached(inputs, named, load, link, prefixes)
          const fields = [
            named.title,
            gigabits(link),
            prefixes,
            load.operation,
            formatSize(load.size),
          ]
          return [...fields, figures(rate), gigabits(bitsPerSecond), limit].join('\t')
        }),
      ),
    ),
  )
  return `${lines.join('\n')}\n`
}

function renderMain(inputs: Inputs): string {
  const columns: readonly (readonly [NamedFleet, number])[] = [
    [fleetNamed('1 × 16 cores, one process'), SLOW],
    [fleetNamed('1 × 16 cores, 4 processes'), SLOW],
    [fleetNamed('1 × 64 cores, 16 processes'), FAST],
    [fleetNamed('16 × 16 cores, 64 processes'), SLOW],
  ]
  const rows = loads().map((load) => [
    `${load.operation}, ${formatSize(load.size)}`,
    ...columns.map(([fleet, link]) => cell(reached(inputs, fleet, load, link, MANY))),
  ])
  const heads = columns.map(([{ title }, link]) => `${title}, ${gigabits(link)} each`)
  return tableLines(['', ...heads], rows, 1 + heads.length).join('\n')
}

function renderPrefixes(inputs: Inputs): string {
  const shown: readonly Load[] = [
    { operation: 'upload', size: SIZES[0] ?? 0 },
    { operation: 'download', size: SIZES[0] ?? 0 },
    { operation: 'relay', size: SIZES[1] ?? 0 },
  ]
  const fleets = FLEETS.filter(({ cores, processes }) => cores === 16 && processes > 1)
  const rows = shown.flatMap((load) =>
    fleets.map((fleet) => [
      `${load.operation}, ${formatSize(load.size)}, ${fleet.hosts} × 16 cores`,
      ...PREFIXES.map((prefixes) => shortCell(reached(inputs, fleet, load, SLOW, prefixes))),
    ]),
  )
  const heads = PREFIXES.map((prefixes) => (prefixes === 1 ? '1 prefix' : `${prefixes} prefixes`))
  return tableLines(['', ...heads], rows, 1 + heads.length).join('\n')
}

function renderDefaults(inputs: Inputs): string {
  const named = fleetNamed('1 × 16 cores, one process')
  const at = (load: Load, settings: typeof WIDE): string =>
    cell(reach(inputs, fleetOf(named, load, SLOW, MANY, settings), load))
  const rows = loads()
    .filter(({ size }) => size !== SIZES[2])
    .map((load) => [
      `${load.operation}, ${formatSize(load.size)}`,
      at(load, DEFAULTS),
      at(load, WIDE),
    ])
  return tableLines(['', 'defaults', 'wider'], rows, 3).join('\n')
}

function renderCosts(inputs: Inputs): string {
  const rows = OPERATIONS.flatMap((operation) =>
    inputs.costs[operation].map(({ size, cpuSeconds, mainSeconds, source }) => [
      `${operation}, ${formatSize(size)}`,
      seconds(cpuSeconds),
      seconds(mainSeconds),
      source,
    ]),
  )
  const heads = ['object', 'CPU time', 'of it the main thread', 'result']
  return tableLines(heads, rows, heads.length).join('\n')
}

function renderAssumptions(): string {
  const rows = Object.values<Assumption>(ASSUMPTIONS).map(({ value, unit, what, source }) => [
    `${value.toLocaleString('en-US')} ${unit}`.trim(),
    what,
    source,
  ])
  return tableLines(['', 'what', 'source'], rows, 3).join('\n')
}

function loads(): Load[] {
  return OPERATIONS.flatMap((operation) => SIZES.map((size) => ({ operation, size })))
}

function reached(
  inputs: Inputs,
  named: NamedFleet,
  load: Load,
  link: number,
  prefixes: number,
): Reached {
  return reach(inputs, fleetOf(named, load, link, prefixes), load)
}

function cell({ rate, bitsPerSecond, limit }: Reached): string {
  return `${figures(rate)}/s, ${gigabits(bitsPerSecond)}: ${limit}`
}

function shortCell({ rate, limit }: Reached): string {
  return `${figures(rate)}/s: ${limit}`
}

function describe({ maxInFlight, maxTransfers, memoryLimit }: typeof WIDE): string {
  return (
    `\`maxInFlight\` and \`maxConnections\` ${maxInFlight.toLocaleString('en-US')}, ` +
    `\`maxTransfers\` ${maxTransfers.toLocaleString('en-US')}, \`memoryLimit\` ${formatSize(memoryLimit)}`
  )
}
