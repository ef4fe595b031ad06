/**
 * What `ls` says: a line for each object and prefix on standard output, as the AWS CLI writes it, or one
 * JSON event per line. A million lines are written in large pieces, and no faster than they are taken.
 */

import { once } from 'node:events'
import type { ListedEntry } from '../index.ts'
import { formatSize } from '../units.ts'
import { escapeText, jsonLine, type TextStream } from './output.ts'
import { failureOf, failureText } from './report-error.ts'

/** Text written at once. Characters. Source: what a pipe of Linux holds, in bytes. */
const PIECE = 65_536

/** Columns of a size. Source: AWS CLI, `ls`. */
const SIZE_WIDTH = 10

/** Columns before a name, date and size or none. Source: AWS CLI, `ls`. */
const PREFIX_WIDTH = 30

export interface ListStyle {
  readonly json: boolean
  readonly debug: boolean
  readonly summarize: boolean
  readonly humanReadable: boolean
  /** Characters at the beginning of each key that go without saying. */
  readonly hidden: number
}

/** Standard output, as far as it is used. */
interface Output extends NodeJS.EventEmitter, TextStream {
  write(text: string): boolean
}

export class ListReport {
  readonly #style: ListStyle
  readonly #streams: { readonly stdout: Output; readonly stderr: TextStream }
  #text = ''
  #timer: NodeJS.Immediate | undefined
  #mustWait = false
  #objects = 0
  #bytes = 0
  #prefixes = 0

  constructor(
    style: ListStyle,
    streams: { readonly stdout: Output; readonly stderr: TextStream } = process,
  ) {
    this.#style = style
    this.#streams = streams
  }

  get isEmpty(): boolean {
    return this.#objects + this.#prefixes === 0
  }

  /** Says one. A promise when whoever reads has to catch up; it rejects when the signal aborts. */
  entry(entry: ListedEntry, signal: AbortSignal): Promise<void> | undefined {
    if (entry.kind === 'object') {
      this.#objects += 1
      this.#bytes += entry.size
    } else {
      this.#prefixes += 1
    }
    this.#text += this.#style.json ? jsonOf(entry) : this.#lineOf(entry)
    // The rest of what came with it is said with it; then it is shown, however little it is.
    this.#timer ??= setImmediate(() => this.#flush())
    if (this.#text.length >= PIECE) this.#flush()
    return this.#mustWait ? this.#drained(signal) : undefined
  }

  async done(signal: AbortSignal): Promise<void> {
    const counts = { objects: this.#objects, bytes: this.#bytes, prefixes: this.#prefixes }
    if (this.#style.json) this.#text += eventOf('result', counts)
    else if (this.#style.summarize) this.#text += this.#summary()
    this.#flush()
    if (this.#mustWait) await this.#drained(signal)
  }

  /** The listing was ended early by whoever runs it. */
  interrupted(): void {
    if (this.#style.json) this.#text += eventOf('interrupted', {})
    else this.#streams.stderr.write('transfer-engine: interrupted; the listing is not complete\n')
    this.#flush()
  }

  failed(error: unknown): void {
    if (this.#style.json) this.#text += eventOf('error', { ...failureOf(error) })
    this.#flush()
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  #flush(): void {
    clearImmediate(this.#timer)
    this.#timer = undefined
    if (this.#text === '') return
    this.#mustWait = !this.#streams.stdout.write(this.#text)
    this.#text = ''
  }

  async #drained(signal: AbortSignal): Promise<void> {
    await once(this.#streams.stdout, 'drain', { signal })
    this.#mustWait = false
  }

  #lineOf(entry: ListedEntry): string {
    const { hidden } = this.#style
    if (entry.kind === 'prefix') {
      return `${'PRE'.padStart(PREFIX_WIDTH)} ${escapeText(entry.prefix.slice(hidden))}\n`
    }
    const size = this.#sizeOf(entry.size).padStart(SIZE_WIDTH)
    return `${timeOf(entry.lastModified)} ${size} ${escapeText(entry.key.slice(hidden))}\n`
  }

  #sizeOf(bytes: number): string {
    return this.#style.humanReadable ? formatSize(bytes) : String(bytes)
  }

  #summary(): string {
    return `\nTotal Objects: ${this.#objects}\n   Total Size: ${this.#sizeOf(this.#bytes)}\n`
  }
}

/** `2026-01-31 23:59:59`, in the time of this machine. */
function timeOf(time: number | undefined): string {
  if (time === undefined) return ''.padStart('2026-01-31 23:59:59'.length)
  const date = new Date(time)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function jsonOf(entry: ListedEntry): string {
  const { kind, ...fields } = entry
  if (entry.kind === 'prefix') return eventOf(kind, fields)
  const { lastModified } = entry
  const time = lastModified === undefined ? undefined : new Date(lastModified).toISOString()
  return eventOf(kind, { ...fields, lastModified: time })
}

function eventOf(event: string, fields: Readonly<Record<string, unknown>>): string {
  return jsonLine({ event, time: new Date().toISOString(), ...fields })
}
