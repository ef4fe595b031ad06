/** The fleets and loads that the tables are of. Pure. */

import { OPTIONS } from '../../src/option-table.ts'
import { GiB, KiB, MiB } from '../../src/units.ts'
import type { Fleet, Load, Settings } from './model.ts'
import type { Operation } from './requests.ts'

export const OPERATIONS: readonly Operation[] = ['upload', 'download', 'relay']
export const SIZES: readonly number[] = [4 * KiB, 64 * KiB, MiB, 64 * MiB, 4 * GiB]
export const LINKS: readonly number[] = [25e9, 100e9]
export const PREFIXES: readonly number[] = [1, 10, 100]

/** What a process does as it comes. */
export const DEFAULTS: Settings = {
  maxInFlight: defaultOf('maxInFlight'),
  maxTransfers: defaultOf('maxTransfers'),
  memoryLimit: defaultOf('memoryLimit'),
}

/** Enough that latency bounds nothing, within what the options may be. */
export const WIDE: Settings = { maxInFlight: 1024, maxTransfers: 1024, memoryLimit: 8 * GiB }

/** Processes of a host of so many cores: a main thread and what it keeps busy take three or four of them. */
export function processesFor(cores: number): number {
  return Math.ceil(cores / 4)
}

export interface NamedFleet {
  readonly title: string
  readonly hosts: number
  readonly cores: number
  readonly processes: number
}

export const FLEETS: readonly NamedFleet[] = [
  { title: '1 × 16 cores, one process', hosts: 1, cores: 16, processes: 1 },
  { title: '1 × 16 cores, 4 processes', hosts: 1, cores: 16, processes: processesFor(16) },
  { title: '1 × 64 cores, one process', hosts: 1, cores: 64, processes: 1 },
  { title: '1 × 64 cores, 16 processes', hosts: 1, cores: 64, processes: processesFor(64) },
  ...[4, 16, 64].map((hosts) => ({
    title: `${hosts} × 16 cores, ${hosts * processesFor(16)} processes`,
    hosts,
    cores: 16,
    processes: processesFor(16),
  })),
]

/** @throws Error when there is none of that title */
export function fleetNamed(title: string): NamedFleet {
  const found = FLEETS.find((fleet) => fleet.title === title)
  if (found === undefined) throw new Error(`There is no fleet “${title}”`)
  return found
}

/** Only migrations go by the queue: other processes each have a part of the tree of their own. */
export function fleetOf(
  { hosts, cores, processes }: NamedFleet,
  { operation }: Pick<Load, 'operation'>,
  link: number,
  prefixes: number,
  settings: Settings = WIDE,
): Fleet {
  const queue = operation === 'relay' && hosts * processes > 1
  return { hosts, cores, processes, link, prefixes, queue, settings }
}

/** @throws Error for an option the engine chooses itself */
function defaultOf(name: 'maxInFlight' | 'maxTransfers' | 'memoryLimit'): number {
  const row = OPTIONS[name]
  if ('default' in row && typeof row.default === 'number') return row.default
  throw new Error(`${name} has no default`)
}
