/**
 * What a worker counts of its connections, and where in its row of the shared state:
 *
 *   [ COUNTERS … | CLOSE_REASONS … | a histogram for each of TIMES … ]
 *
 * Read as plain data, of one worker or of all together.
 */

import { addHistograms, HISTOGRAM_CELLS, histogramAt, type Histogram } from './histogram.ts'

/** Names of the plain counters. */
export const COUNTERS = [
  'threadId',
  'beatAt',
  'open',
  'connecting',
  'busy',
  'idle',
  'waiting',
  'opened',
  'reused',
  'failed',
  'requests',
  'bytesSent',
  'bytesReceived',
  'heldBackMs',
] as const

/**
 * Why a connection was closed:
 *
 * - `idle`: unused for `idleTimeoutMs`
 * - `surplus`: more idle ones than `maxIdleConnections`
 * - `age`: older than `connectionMaxAgeMs`
 * - `room`: made way for another origin, `maxConnections` being reached
 * - `server`: the server closed it while nothing was asked of it, or said that it would
 * - `failed`: it could not be opened, or an exchange on it failed or was cut
 * - `timeout`: nothing moved for `readTimeoutMs`, or less than `minThroughput`
 * - `aborted`: the transfer was aborted
 * - `shutdown`: the engine was closed, or the thread ended
 */
export const CLOSE_REASONS = [
  'idle',
  'surplus',
  'age',
  'room',
  'server',
  'failed',
  'timeout',
  'aborted',
  'shutdown',
] as const

/** Times of which a histogram is kept. */
const TIMES = ['handshakeMs', 'acquireMs'] as const

export type CounterName = (typeof COUNTERS)[number]
export type CloseReason = (typeof CLOSE_REASONS)[number]
export type TimeName = (typeof TIMES)[number]

/**
 * Counts since the worker started; `beatAt` is when it last gave a sign of life, in milliseconds
 * since the epoch, and `open`, `connecting`, `busy`, `idle` and `waiting` are of this
 * moment. A connection that is being opened for a request is both `connecting` and `busy`.
 * `heldBackMs` is how long requests waited because of `maxBandwidth`, all of them added up.
 */
export interface WorkerCounters extends Readonly<Record<CounterName, number>> {
  /** Whether its thread still runs. */
  readonly alive: boolean
  /** Connections closed, and why; the reasons add up to `total`. */
  readonly closed: ClosedCounts
  /** Time from opening a connection until it may be used, TLS included. */
  readonly handshakeMs: Histogram
  /** Time that requests waited for a connection. */
  readonly acquireMs: Histogram
}

export type ClosedCounts = Readonly<Record<CloseReason | 'total', number>>

const REASONS_AT = COUNTERS.length
const TIMES_AT = REASONS_AT + CLOSE_REASONS.length

/** Cells of a worker's row. */
export const ROW_CELLS = TIMES_AT + TIMES.length * HISTOGRAM_CELLS

/** Offsets in a row, by name. */
export const CELLS: {
  readonly counters: Readonly<Record<CounterName, number>>
  readonly closed: Readonly<Record<CloseReason, number>>
  readonly times: Readonly<Record<TimeName, number>>
} = {
  counters: byName(COUNTERS, (index) => index),
  closed: byName(CLOSE_REASONS, (index) => REASONS_AT + index),
  times: byName(TIMES, (index) => TIMES_AT + index * HISTOGRAM_CELLS),
}

/** The row that lies at `start`. */
export function countersAt(cells: Float64Array, start: number): WorkerCounters {
  const { counters, closed, times } = CELLS
  const reasons = byName(CLOSE_REASONS, (_, name) => cells[start + closed[name]] ?? 0)
  return {
    alive: true,
    ...byName(COUNTERS, (_, name) => cells[start + counters[name]] ?? 0),
    closed: withTotal(reasons),
    handshakeMs: histogramAt(cells, start + times.handshakeMs),
    acquireMs: histogramAt(cells, start + times.acquireMs),
  }
}

/** What a row says once its thread has ended: nobody was left to write down what ended with it. */
export function afterTheEnd(row: WorkerCounters): WorkerCounters {
  const shutdown = row.closed.shutdown + row.opened - row.closed.total
  const closed = withTotal({ ...row.closed, shutdown })
  return { ...row, alive: false, open: 0, connecting: 0, busy: 0, idle: 0, waiting: 0, closed }
}

/** Several workers together. */
export type PoolCounters = Omit<WorkerCounters, 'alive' | 'threadId' | 'beatAt'>

/** Several workers as if they were one. */
export function addCounters(rows: readonly WorkerCounters[]): PoolCounters {
  const total = (pick: (row: WorkerCounters) => number): number =>
    rows.reduce((sum, row) => sum + pick(row), 0)
  const {
    threadId: _,
    beatAt: _beatAt,
    ...counters
  } = byName(COUNTERS, (_index, name) => total((row) => row[name]))
  return {
    ...counters,
    closed: withTotal(byName(CLOSE_REASONS, (_index, name) => total(({ closed }) => closed[name]))),
    handshakeMs: addHistograms(rows.map(({ handshakeMs }) => handshakeMs)),
    acquireMs: addHistograms(rows.map(({ acquireMs }) => acquireMs)),
  }
}

function withTotal(counts: Readonly<Record<CloseReason, number>>): ClosedCounts {
  const reasons = byName(CLOSE_REASONS, (_, name) => counts[name])
  return { total: CLOSE_REASONS.reduce((sum, name) => sum + reasons[name], 0), ...reasons }
}

function byName<N extends string>(
  names: readonly N[],
  value: (index: number, name: N) => number,
): Record<N, number> {
  return Object.fromEntries(names.map((name, index) => [name, value(index, name)])) as Record<
    N,
    number
  >
}
