/**
 * How far a transfer is: one line that is drawn again at most ten times a second on a terminal,
 * and a plain line every few seconds where output goes to a file or a pipe.
 *
 * Nothing is drawn by an event; a timer looks at the last numbers. So the rate falls visibly when
 * nothing moves, and ten thousand events cost no output.
 */

import { formatDuration, formatSize } from '../units.ts'
import { displayWidth, escapeText, fitText, type TextStream } from './output.ts'
import { RateMeter } from './rate-meter.ts'
import { REDRAW_MS, systemTicker, type Ticker } from './ticker.ts'

/** Milliseconds between two plain lines. */
const PLAIN_MS = 5000
/** Columns assumed when a terminal does not tell. */
export const COLUMNS_DEFAULT = 80

const CLEAR_TO_END = '\u001B[K'

export class ProgressLine {
  readonly #label: string
  readonly #stream: TextStream
  readonly #redraws: boolean
  readonly #ticker: Ticker
  #meter = new RateMeter()
  readonly #stop: () => void
  #transferred = 0
  #total: number | undefined
  #retries = 0
  #drawn = ''

  /** @param label what is transferred; escaped here */
  constructor(
    label: string,
    stream: TextStream,
    env: Readonly<Record<string, string | undefined>>,
    ticker: Ticker = systemTicker,
  ) {
    this.#label = escapeText(label)
    this.#stream = stream
    this.#ticker = ticker
    this.#redraws = stream.isTTY === true && env['TERM'] !== 'dumb'
    this.#meter.add(ticker.now(), 0)
    this.#stop = ticker.every(this.#redraws ? REDRAW_MS : PLAIN_MS, () => this.#draw())
  }

  update(transferred: number, total: number | undefined): void {
    this.#transferred = transferred
    this.#total = total
  }

  /** Bytes that are there from the start, and say nothing of the rate. */
  keep(bytes: number): void {
    this.#transferred = bytes
    this.#meter = new RateMeter()
    this.#meter.add(this.#ticker.now(), bytes)
  }

  /** Writes a line that stays, above this one. */
  say(text: string): void {
    this.clear()
    this.#stream.write(`${text}\n`)
  }

  /** Takes the line away until it is drawn again: something else is to be written. */
  clear(): void {
    if (this.#drawn !== '' && this.#redraws) this.#stream.write(`\r${CLEAR_TO_END}`)
    this.#drawn = ''
  }

  retried(): void {
    this.#retries += 1
  }

  /** Takes the line away; what follows starts in an empty one. */
  end(): void {
    this.#stop()
    this.clear()
  }

  #draw(): void {
    this.#meter.add(this.#ticker.now(), this.#transferred)
    if (!this.#redraws) {
      this.#stream.write(`${this.#label}  ${this.#figures()}\n`)
      return
    }
    const text = this.#fitted((this.#stream.columns ?? COLUMNS_DEFAULT) - 1)
    if (text === this.#drawn) return
    this.#drawn = text
    this.#stream.write(`\r${text}${CLEAR_TO_END}`)
  }

  /** The label gives way before the figures do. */
  #fitted(columns: number): string {
    const figures = this.#figures()
    const room = columns - displayWidth(figures) - 2
    if (room < 4) return fitText(figures, columns)
    return `${fitText(this.#label, room)}  ${figures}`
  }

  #figures(): string {
    const rate = this.#meter.perSecond
    const parts =
      this.#total === undefined
        ? [formatSize(this.#transferred)]
        : [
            `${percent(this.#transferred, this.#total)}%`,
            `${formatSize(this.#transferred)} of ${formatSize(this.#total)}`,
          ]
    parts.push(`${formatSize(Math.round(rate))}/s`)
    if (this.#total !== undefined && rate > 0) {
      parts.push(`${timeLeft((this.#total - this.#transferred) / rate)} left`)
    }
    if (this.#retries > 0) parts.push(`${this.#retries} retried`)
    return parts.join('  ')
  }
}

/** In whole seconds: an estimate with fractions would only flicker. */
export function timeLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return whole < 60 ? `${whole}s` : formatDuration(whole * 1000)
}

/** Rounded down: 100 means all. */
function percent(transferred: number, total: number): string {
  const value = total === 0 ? 100 : Math.floor((transferred / total) * 100)
  return String(value).padStart(3)
}
