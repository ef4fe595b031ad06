/**
 * The file of `--prices`: what a store asks for requests, for bytes that leave it, and for a month of
 * keeping them. There are no prices of ours: they differ by store, region and contract.
 *
 *   { "currency": "USD", "per1000": { "PUT": 0.005, "GET": 0.0004 },
 *     "perGiB": { "egress": 0.09, "storageMonth": 0.023 } }
 */

import { readFileSync } from 'node:fs'
import type { RequestClass, TreePlan } from '../index.ts'
import { GiB } from '../units.ts'
import { unreadableFile } from './object-flags.ts'
import { UsageError } from './usage-error.ts'

const CLASSES: readonly RequestClass[] = ['PUT', 'GET', 'HEAD', 'LIST', 'DELETE']
const BYTES = ['egress', 'storageMonth'] as const

/** What is not in the file costs nothing here, and is named where it would be needed. */
export interface Prices {
  readonly currency: string
  readonly per1000: Readonly<Partial<Record<RequestClass, number>>>
  readonly perGiB: Readonly<Partial<Record<(typeof BYTES)[number], number>>>
}

export interface Cost {
  readonly currency: string
  /** Of all requests. */
  readonly requests: number
  /** Of the bytes that come down. */
  readonly egress: number
  /** Of requests and egress. */
  readonly total: number
  /** Of a month of keeping what goes up, on top of it. */
  readonly storageMonth: number
  /** What would cost something and has no price in the file. */
  readonly unpriced: readonly string[]
}

/** @throws UsageError for a file that cannot be read or is no table of prices */
export function readPrices(path: string): Prices {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadableFile('--prices', path, error)
  }
  let table: unknown
  try {
    table = JSON.parse(text)
  } catch (error) {
    throw wrong(path, `it is no JSON: ${String(error)}`)
  }
  if (!isTable(table)) throw wrong(path, 'expected an object')
  const { currency = '', per1000 = {}, perGiB = {}, ...rest } = table
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(path, `it has '${unknown}', which is no price`)
  if (typeof currency !== 'string') throw wrong(path, 'expected currency to be a text')
  return {
    currency,
    per1000: pricesOf(path, 'per1000', per1000, CLASSES),
    perGiB: pricesOf(path, 'perGiB', perGiB, BYTES),
  }
}

/** What a plan is expected to cost. */
export function costOf(plan: TreePlan, { currency, per1000, perGiB }: Prices): Cost {
  const unpriced: string[] = []
  const priced = (name: string, amount: number, price: number | undefined): number => {
    if (amount > 0 && price === undefined) unpriced.push(name)
    return amount * (price ?? 0)
  }
  const requests = CLASSES.reduce(
    (sum, name) => sum + priced(name, plan.requests[name] / 1000, per1000[name]),
    0,
  )
  const egress = priced('egress', plan.bytesDown / GiB, perGiB.egress)
  const storageMonth = priced('storageMonth', plan.bytesUp / GiB, perGiB.storageMonth)
  return { currency, requests, egress, total: requests + egress, storageMonth, unpriced }
}

function pricesOf<T extends string>(
  path: string,
  group: string,
  table: unknown,
  names: readonly T[],
): Partial<Record<T, number>> {
  if (!isTable(table)) throw wrong(path, `expected ${group} to be an object`)
  for (const [name, price] of Object.entries(table)) {
    if (!(names as readonly string[]).includes(name)) {
      throw wrong(path, `${group} has '${name}'; it may have ${names.join(', ')}`)
    }
    if (typeof price !== 'number' || !(price >= 0) || price === Infinity) {
      throw wrong(path, `expected ${group}.${name} to be a price`)
    }
  }
  return table as Partial<Record<T, number>>
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(path: string, problem: string): UsageError {
  const message = `The file of --prices, ${path}, is no table of prices: ${problem}.`
  return new UsageError('ERR_OPTION_INVALID', message, 'See the example in the README.')
}
