/**
 * What `verify` says: a line for each thing that differs on standard output, a sum on standard error; or
 * one JSON event per line.
 */

import type { VerifiedEntry, VerifyResult } from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'
import type { ReportStyle } from './copy-report.ts'
import { escapeText, jsonLine } from './output.ts'
import { PacedWriter, type PacedStream } from './paced-writer.ts'
import { failureOf, failureText } from './report-error.ts'

export class VerifyReport {
  readonly #style: ReportStyle
  readonly #streams: { readonly stdout: PacedStream; readonly stderr: PacedStream }
  readonly #out: PacedWriter

  /** @param signal ends the waiting for those who read */
  constructor(
    style: ReportStyle,
    signal: AbortSignal,
    streams: { readonly stdout: PacedStream; readonly stderr: PacedStream } = process,
  ) {
    this.#style = style
    this.#streams = streams
    this.#out = new PacedWriter(streams.stdout, signal)
  }

  /** Says one that differs. A promise when whoever reads has to catch up. */
  entry(entry: VerifiedEntry): Promise<void> | undefined {
    const { status, error } = entry
    if (status === 'ok') return undefined
    if (!this.#style.json) return this.#out.write(lineOf(entry))
    const { by: _, ...fields } = entry
    return this.#emit('difference', {
      ...fields,
      detail: entry.detail,
      error: error === undefined ? undefined : failureOf(error),
    })
  }

  done(result: VerifyResult): void {
    const { elapsedMs } = result
    if (this.#style.json) {
      void this.#emit('result', { ...result, elapsedMs: Math.round(elapsedMs) })
    } else if (!this.#style.quiet) {
      this.#streams.stderr.write(`${sumOf(result)}\n`)
    }
  }

  /** It was ended early by whoever runs it. */
  interrupted(): void {
    const message = 'interrupted; what was not named was not looked at, or agrees'
    if (this.#style.json) void this.#emit('interrupted', {})
    else this.#streams.stderr.write(`transfer-engine: ${message}\n`)
  }

  failed(error: unknown): void {
    if (this.#style.json) void this.#emit('error', { ...failureOf(error) })
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): Promise<void> | undefined {
    return this.#out.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }
}

/** `size: s3://bucket/key (5 bytes, not 7)` */
function lineOf({ status, place, detail, error }: VerifiedEntry): string {
  const why = error === undefined ? detail : `${error.code} ${error.message}`
  return `${escapeText(`${status}: ${place}${why === undefined ? '' : ` (${why})`}`)}\n`
}

/** `12 agree (11 by checksum, 1 by size), 1 missing: 24.0 MiB in 1.2s` */
function sumOf({ counts, by, bytes, elapsedMs }: VerifyResult): string {
  const { ok, ...others } = counts
  const how = partsOf(by).map(([word, count]) => `${count} by ${word}`)
  const facts = partsOf(others).map(([word, count]) => `${count} ${word}`)
  const agree = how.length === 0 ? `${ok} agree` : `${ok} agree (${how.join(', ')})`
  return `${[agree, ...facts].join(', ')}: ${formatSize(bytes)} in ${formatDuration(elapsedMs)}`
}

function partsOf(counts: Readonly<Record<string, number>>): (readonly [string, number])[] {
  return Object.entries(counts).filter(([, count]) => count > 0)
}
