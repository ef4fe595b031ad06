/**
 * The stores and lines the adaptation must cope with, from a thin line to a prefix of 10,000
 * requests per second. Pure data.
 */

import { KiB, MiB } from '../../src/units.ts'
import type { StoreModel } from './store.ts'

export interface Scenario {
  /** Also the name of its plot. */
  readonly name: string
  readonly title: string
  readonly store: StoreModel
  /** Length of each request. Bytes. */
  readonly requestBytes: number
  readonly maxInFlight: number
  /** Transfers of separate engines, which know nothing of each other. */
  readonly clients: number
  /** Length of the run, and what of its beginning does not count. Seconds. */
  readonly seconds: number
  readonly warmUp: number
  /** From this second on the line has another bandwidth; so long after it nothing counts. */
  readonly change?: {
    readonly at: number
    readonly bandwidth: number
    readonly warmUp: number
  }
}

/** Bytes per second of a megabit per second. */
const MBIT = 125_000

/** Bytes per second of a megabyte per second. */
const MB = 1_000_000

const COMMON = {
  requestBytes: 8 * MiB,
  maxInFlight: 256,
  clients: 1,
  seconds: 60,
  warmUp: 10,
} as const

const FAST: StoreModel = {
  bandwidth: 10_000 * MBIT,
  perConnection: 50 * MB,
  latencyMs: 30,
  jitter: 0.3,
}

/** Objects so small that only requests count. */
const SMALL = { ...COMMON, requestBytes: 4 * KiB, seconds: 40 } as const

export const SCENARIOS: readonly Scenario[] = [
  {
    ...COMMON,
    name: 'thin-line',
    title: 'Thin line: 10 Mbit/s, 100 ms',
    store: { ...FAST, bandwidth: 10 * MBIT, latencyMs: 100 },
    seconds: 120,
  },
  {
    ...COMMON,
    name: 'gigabit',
    title: '1 Gbit/s, 20 ms',
    store: { ...FAST, bandwidth: 1000 * MBIT, latencyMs: 20, firstWindow: 14_600 },
  },
  {
    ...COMMON,
    name: 'fat-line',
    title: 'Fat line: 25 Gbit/s, 50 MB/s per connection',
    store: { ...FAST, bandwidth: 25_000 * MBIT, firstWindow: 14_600 },
  },
  {
    ...COMMON,
    name: 'high-latency',
    title: 'High latency: 2 Gbit/s, 300 ms, 10 MB/s per connection',
    store: { ...FAST, bandwidth: 2000 * MBIT, latencyMs: 300, perConnection: 10 * MB },
    warmUp: 20,
  },
  {
    ...SMALL,
    name: 'small-objects',
    title: 'Small objects: 4 KiB each, 20 ms',
    store: { ...FAST, latencyMs: 20 },
  },
  {
    ...COMMON,
    name: 'slower',
    title: 'A line that slows down: 4 Gbit/s, then 500 Mbit/s',
    store: { ...FAST, bandwidth: 4000 * MBIT },
    change: { at: 30, bandwidth: 500 * MBIT, warmUp: 5 },
  },
  {
    ...COMMON,
    name: 'faster',
    title: 'A line that speeds up: 500 Mbit/s, then 10 Gbit/s',
    store: { ...FAST, bandwidth: 500 * MBIT },
    change: { at: 30, bandwidth: 10_000 * MBIT, warmUp: 10 },
  },
  {
    ...SMALL,
    name: 'throttle-200',
    title: 'A store that refuses above 200 requests/s, 5 ms',
    store: { ...FAST, latencyMs: 5, throttle: 200 },
  },
  {
    ...SMALL,
    name: 'throttle-3500',
    title: 'A prefix that refuses above 3,500 requests/s, 30 ms',
    store: { ...FAST, throttle: 3500 },
  },
  {
    ...SMALL,
    name: 'throttle-10000',
    title: 'A prefix that refuses above 10,000 requests/s, 15 ms',
    store: { ...FAST, latencyMs: 15, throttle: 10_000 },
  },
  {
    ...COMMON,
    name: 'time-outs',
    title: 'A store that lets requests above 64 at a time run into time-outs',
    store: { ...FAST, maxAtWork: 64 },
    seconds: 120,
    warmUp: 20,
  },
  {
    ...COMMON,
    name: 'sharing',
    title: 'Two engines on one line of 5 Gbit/s',
    store: { ...FAST, bandwidth: 5000 * MBIT },
    clients: 2,
    seconds: 120,
    warmUp: 30,
  },
]
