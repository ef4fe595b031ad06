/**
 * A result, sorted: one row for each peer and variant, with its samples and what they cost. Tables,
 * plots and goals all start from these rows, so that they cannot disagree. Pure.
 *
 * Cost is CPU time of the whole process tree (user and system), in the unit of the workload.
 */

import { GiB } from '../../src/units.ts'
import type { Variant } from '../peers/peer.ts'
import type { ResultPeer, Sample, WorkloadResult } from '../result.ts'
import { type Ratio, ratioOf, type Summary, summarize } from './statistics.ts'

/** What the samples of a table were taken of. */
export interface Load {
  readonly count: number
  readonly size: number
  readonly unit: WorkloadResult['unit']
}

export interface Row {
  readonly peer: ResultPeer
  readonly variant: Variant
  readonly samples: readonly Sample[]
  /** In the unit of the workload. */
  readonly cost: Summary
}

/** CPU seconds as an amount of the workload's unit. */
export function perUnit(cpuSeconds: number, { count, size, unit }: Load): number {
  if (unit === 's/GiB') return cpuSeconds / ((count * size) / GiB)
  return unit === 'µs/object' ? (cpuSeconds * 1e6) / count : cpuSeconds * 1e3
}

/** CPU time of the whole client process tree. */
export function cpuSeconds({ userSeconds, systemSeconds }: Sample): number {
  return userSeconds + systemSeconds
}

/**
 * Rows with the cheapest first and floors at the end; a peer without samples has none. A floor has
 * no settings, so its runs in the turn of the peers' own settings say nothing more.
 */
export function rowsOf(
  peers: readonly ResultPeer[],
  samples: readonly Sample[],
  load: Load,
): Row[] {
  const rows = peers.flatMap((peer) =>
    variantsOf(peer, samples).flatMap((variant) => {
      const own = samples.filter((each) => each.peer === peer.name && each.variant === variant)
      if (own.length === 0) return []
      const costs = own.map((sample) => perUnit(cpuSeconds(sample), load))
      return [{ peer, variant, samples: own, cost: summarize(costs) }]
    }),
  )
  return rows.sort(
    (a, b) => Number(isFloor(a)) - Number(isFloor(b)) || a.cost.median - b.cost.median,
  )
}

function variantsOf({ name, kind }: ResultPeer, samples: readonly Sample[]): Variant[] {
  const own = new Set(samples.filter(({ peer }) => peer === name).map(({ variant }) => variant))
  if (kind === 'floor' && own.has('equal')) return ['equal']
  return [...own]
}

export function isFloor({ peer }: Row): boolean {
  return peer.kind === 'floor'
}

/** The row of a peer, with equal settings rather than with its own. */
export function rowNamed(rows: readonly Row[], name: string, variant?: Variant): Row | undefined {
  const own = rows.filter(({ peer }) => peer.name === name)
  return (
    own.find((row) => row.variant === variant) ??
    own.find((row) => row.variant === 'equal') ??
    own[0]
  )
}

/** The name of ours; another checkout of it, which takes part beside it, has a longer one. */
export const OURS = 'transfer-engine'

/** Our row, in the wanted variant if there is one. */
export function ourRow(rows: readonly Row[], variant?: Variant): Row | undefined {
  return rowNamed(rows, OURS, variant)
}

/** Peers that compete: neither ours nor floors. */
export function rivals(rows: readonly Row[]): Row[] {
  return rows.filter(({ peer }) => peer.kind !== 'ours' && peer.kind !== 'floor')
}

/** Floors that compute a checksum of as many bytes, from memory, and move nothing. */
export const CHECKSUMS = { crc32: 'crc32', sha256: 'sha256' } as const

/** Whether a row is no more than a part of what a transfer needs. */
export function isChecksum({ peer }: Row): boolean {
  return peer.name === CHECKSUMS.crc32 || peer.name === CHECKSUMS.sha256
}

/** The cheapest floor that moves the bytes and does nothing else: the limit. */
export function floorRow(rows: readonly Row[]): Row | undefined {
  return rows.find((row) => isFloor(row) && !isChecksum(row))
}

/** Cost of `row` divided by that of `reference`, run by run. */
export function costRatio(row: Row, reference: Row): Ratio {
  const pairs = row.samples.flatMap((sample) => {
    const partner = reference.samples.find(({ run }) => run === sample.run)
    return partner === undefined ? [] : [[cpuSeconds(sample), cpuSeconds(partner)] as const]
  })
  return ratioOf(
    pairs.map(([own]) => own),
    pairs.map(([, other]) => other),
  )
}
