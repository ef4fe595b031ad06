/**
 * How far a tree is, on a terminal: one line about the whole and, where there is room, one about each
 * worker; drawn over at most ten times a second.
 *
 *   photos to s3://b/p  1,200 of 3,400  1.2 GiB of 3.1 GiB so far  85 MiB/s  320/s  32 in flight
 *     worker 1   43 MiB/s   160 requests/s   9 busy   0 idle
 *     worker 2   42 MiB/s   160 requests/s   8 busy   1 idle
 *
 * What is still to be found is not known before both sides have been read; until then sums are what
 * they are so far, and what is left takes at least as long as it says.
 */

import type { EngineStats, TreeProgress } from '../index.ts'
import { formatSize } from '../units.ts'
import { displayWidth, escapeText, fitText, type TextStream } from './output.ts'
import { COLUMNS_DEFAULT, timeLeft } from './progress-line.ts'
import { RateMeter } from './rate-meter.ts'
import { REDRAW_MS, systemTicker, type Ticker } from './ticker.ts'

/** What of the statistics is shown. */
export type ShownStats = Pick<EngineStats, 'requests' | 'retries' | 'workers'>

type Worker = ShownStats['workers'][number]

/** Columns from which each worker has a line. Source: none; the longest of them has 60. */
const WIDE = 100

/** Lines about workers at most, so that the screen has room for others. */
const LANES_MAX = 16

const CLEAR_LINE = '\u001B[K'
const CLEAR_BELOW = '\u001B[J'

export class TreeDisplay {
  readonly #label: string
  readonly #stream: TextStream
  readonly #stats: () => ShownStats
  readonly #ticker: Ticker
  readonly #stop: () => void
  readonly #bytes = new RateMeter()
  readonly #objects = new RateMeter()
  readonly #lanes = new Map<number, { readonly bytes: RateMeter; readonly requests: RateMeter }>()
  #progress: TreeProgress | undefined
  #drawn: readonly string[] = []

  /** @param label what is moved; escaped here */
  constructor(
    label: string,
    stream: TextStream,
    stats: () => ShownStats,
    ticker: Ticker = systemTicker,
  ) {
    this.#label = escapeText(label)
    this.#stream = stream
    this.#stats = stats
    this.#ticker = ticker
    this.#note(ticker.now(), 0, 0)
    this.#stop = ticker.every(REDRAW_MS, () => this.#draw())
  }

  update(progress: TreeProgress): void {
    this.#progress = progress
  }

  /** Takes the lines away until they are drawn again: something else is to be written. */
  clear(): void {
    if (this.#drawn.length === 0) return
    this.#stream.write(`${toFirst(this.#drawn.length)}${CLEAR_BELOW}`)
    this.#drawn = []
  }

  end(): void {
    this.#stop()
    this.clear()
  }

  #note(now: number, bytes: number, objects: number): void {
    this.#bytes.add(now, bytes)
    this.#objects.add(now, objects)
  }

  #draw(): void {
    const progress = this.#progress
    if (progress === undefined) return
    const now = this.#ticker.now()
    this.#note(now, progress.bytes, endedOf(progress))
    const stats = this.#stats()
    const columns = (this.#stream.columns ?? COLUMNS_DEFAULT) - 1
    const workers = stats.workers.filter(({ alive }) => alive).slice(0, LANES_MAX)
    const lanes = workers.map((worker) => fitText(this.#laneOf(worker, now), columns))
    const lines = [this.#whole(progress, stats, columns), ...(columns + 1 < WIDE ? [] : lanes)]
    const isSame =
      lines.length === this.#drawn.length && lines.every((line, i) => line === this.#drawn[i])
    if (isSame) return
    const text = lines.map((line) => `${line}${CLEAR_LINE}`).join('\n')
    this.#stream.write(`${toFirst(this.#drawn.length)}${text}${CLEAR_BELOW}`)
    this.#drawn = lines
  }

  /** The label gives way before the figures do. */
  #whole(progress: TreeProgress, stats: ShownStats, columns: number): string {
    const figures = this.#figures(progress, stats)
    const room = columns - displayWidth(figures) - 2
    if (room < 4) return fitText(figures, columns)
    return `${fitText(this.#label, room)}  ${figures}`
  }

  #figures(progress: TreeProgress, { requests, retries }: ShownStats): string {
    const { bytes, bytesKnown, known, isKnown, failed } = progress
    const ended = endedOf(progress)
    const sums = `${formatSize(bytes)} of ${formatSize(bytesKnown)}`
    const parts = [
      `${formatCount(ended)} of ${formatCount(known)}`,
      isKnown ? sums : `${sums} so far`,
      `${formatSize(Math.round(this.#bytes.perSecond))}/s`,
      `${formatCount(Math.round(this.#objects.perSecond))}/s`,
    ]
    const seconds = Math.max(
      secondsFor(bytesKnown - bytes, this.#bytes.perSecond),
      secondsFor(known - ended, this.#objects.perSecond),
    )
    if (seconds > 0) parts.push(`${isKnown ? '' : 'at least '}${timeLeft(seconds)} left`)
    if (requests.inFlight > 0) parts.push(`${requests.inFlight} in flight`)
    if (retries.total > 0) parts.push(`${formatCount(retries.total)} retried`)
    if (failed > 0) parts.push(`${formatCount(failed)} failed`)
    return parts.join('  ')
  }

  #laneOf(worker: Worker, now: number): string {
    const { threadId, bytesSent, bytesReceived, requests, busy, idle } = worker
    let rates = this.#lanes.get(threadId)
    if (rates === undefined) {
      rates = { bytes: new RateMeter(), requests: new RateMeter() }
      this.#lanes.set(threadId, rates)
    }
    rates.bytes.add(now, bytesSent + bytesReceived)
    rates.requests.add(now, requests)
    const fields = [
      `${formatSize(Math.round(rates.bytes.perSecond))}/s`.padStart(10),
      `${formatCount(Math.round(rates.requests.perSecond)).padStart(7)} requests/s`,
      `${String(busy).padStart(3)} busy`,
      `${String(idle).padStart(3)} idle`,
    ]
    return `  worker ${threadId}  ${fields.join('  ')}`
  }
}

/** What has ended, well or not. */
function endedOf({ uploaded, downloaded, copied, deleted, planned, failed }: TreeProgress): number {
  return uploaded + downloaded + copied + deleted + planned + failed
}

function secondsFor(amount: number, perSecond: number): number {
  return perSecond > 0 ? amount / perSecond : 0
}

/** To the beginning of the first of so many lines. */
function toFirst(lines: number): string {
  return lines > 1 ? `\r\u001B[${lines - 1}A` : '\r'
}

/** `12,345`. */
function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}
