/**
 * What a command about a tree says: a line for each thing that was done on standard output, progress
 * and the sum on standard error; or one JSON event per line.
 */

import type { Outcome, TreeProgress, TreeResult } from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'
import type { ReportStyle } from './copy-report.ts'
import { outcomeFields, outcomeLine } from './outcome-text.ts'
import { jsonLine, type TextStream } from './output.ts'
import { ProgressLine } from './progress-line.ts'
import { failureOf, failureText } from './report-error.ts'

export class TreeReport {
  readonly #bucket: string
  readonly #style: ReportStyle
  readonly #streams: { readonly stdout: TextStream; readonly stderr: TextStream }
  #line: ProgressLine | undefined

  /** @param label what is moved, for the line of progress */
  constructor(
    bucket: string,
    label: string,
    style: ReportStyle,
    streams: { readonly stdout: TextStream; readonly stderr: TextStream } = process,
  ) {
    this.#bucket = bucket
    this.#style = style
    this.#streams = streams
    if (!style.json && !style.quiet && streams.stderr.isTTY === true) {
      this.#line = new ProgressLine(label, streams.stderr, process.env)
    }
  }

  outcome(outcome: Outcome): void {
    const { json, quiet } = this.#style
    if (json) {
      this.#emit('outcome', outcomeFields(outcome, this.#bucket))
      return
    }
    const isBad = outcome.status === 'failed'
    if (quiet && !isBad) return
    const line = outcomeLine(outcome, this.#bucket)
    const { stdout, stderr } = this.#streams
    if (isBad || outcome.status === 'skipped') this.#aside(`${line}\n`, stderr)
    else this.#aside(`${line}\n`, stdout)
  }

  progress({ bytes, bytesKnown }: TreeProgress): void {
    this.#line?.update(bytes, bytesKnown)
  }

  notice(text: string): void {
    if (!this.#style.json) this.#aside(`transfer-engine: ${text}\n`, this.#streams.stderr)
  }

  done(result: TreeResult): void {
    this.#end()
    if (this.#style.json) {
      const { failures: _, elapsedMs, ...counts } = result
      this.#emit('result', { ...counts, elapsedMs: Math.round(elapsedMs) })
      return
    }
    if (!this.#style.quiet) this.#streams.stderr.write(`${sumOf(result)}\n`)
  }

  failed(error: unknown): void {
    this.#end()
    if (this.#style.json) this.#emit('error', { ...failureOf(error) })
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  /** Writes around the line of progress. */
  #aside(text: string, stream: TextStream): void {
    this.#line?.clear()
    stream.write(text)
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#streams.stdout.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }

  #end(): void {
    this.#line?.end()
    this.#line = undefined
  }
}

/** `3 uploaded, 1 deleted, 12 unchanged: 24.0 MiB in 1.2s, 20 MiB/s` */
function sumOf(result: TreeResult): string {
  const { uploaded, downloaded, deleted, planned, skipped, failed, unchanged } = result
  const counts = { uploaded, downloaded, deleted, unchanged, skipped, failed }
  const facts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}`)
  if (planned > 0) facts.unshift(`${planned} would be done`)
  if (facts.length === 0) facts.push('nothing to do')
  const { bytes, elapsedMs } = result
  if (bytes === 0) return facts.join(', ')
  if (planned > 0) return `${facts.join(', ')}: ${formatSize(bytes)}`
  const rate = formatSize(Math.round(bytes / (elapsedMs / 1000)))
  return `${facts.join(', ')}: ${formatSize(bytes)} in ${formatDuration(elapsedMs)}, ${rate}/s`
}
