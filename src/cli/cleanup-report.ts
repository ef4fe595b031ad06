/**
 * What `cleanup` says: one line for each upload on standard output, a sum on standard error; or one
 * JSON event per line.
 */

import type { CleanupResult, CleanupUpload } from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'
import type { ReportStyle } from './copy-report.ts'
import { escapeText, jsonLine, type TextStream } from './output.ts'
import { failureOf, failureText } from './report-error.ts'

const WORDS = { aborted: 'aborted', 'would-abort': 'would abort', failed: 'failed' } as const

export class CleanupReport {
  readonly #style: ReportStyle
  readonly #streams: { readonly stdout: TextStream; readonly stderr: TextStream }

  constructor(
    style: ReportStyle,
    streams: { readonly stdout: TextStream; readonly stderr: TextStream } = process,
  ) {
    this.#style = style
    this.#streams = streams
  }

  upload(upload: CleanupUpload): void {
    const { stdout, stderr } = this.#streams
    const { error, stored, startedAt, idleMs, ...rest } = upload
    if (this.#style.json) {
      const times = { startedAt: new Date(startedAt).toISOString(), idleMs: Math.round(idleMs) }
      const failure = error === undefined ? undefined : failureOf(error)
      const sizes = { parts: stored?.parts, bytes: stored?.bytes }
      this.#emit('upload', { ...rest, ...times, ...sizes, error: failure })
      return
    }
    if (!this.#style.quiet) stdout.write(lineOf(upload))
    if (error !== undefined) stderr.write(failureText(error, this.#style))
  }

  done({ uploads, kept }: CleanupResult, hint: string): void {
    const count = (outcome: CleanupUpload['outcome']): number =>
      uploads.filter((upload) => upload.outcome === outcome).length
    const counts = {
      aborted: count('aborted'),
      wouldAbort: count('would-abort'),
      failed: count('failed'),
    }
    if (this.#style.json) {
      this.#emit('result', { ...counts, keptRecent: kept.recent, keptHeld: kept.held })
      return
    }
    if (this.#style.quiet) return
    const facts = [
      counts.wouldAbort > 0 ? `${counts.wouldAbort} would be aborted` : `${counts.aborted} aborted`,
    ]
    if (counts.failed > 0) facts.push(`${counts.failed} could not be removed`)
    if (kept.recent > 0) facts.push(`${kept.recent} left, too recent`)
    if (kept.held > 0) facts.push(`${kept.held} left, still at work`)
    this.#streams.stderr.write(`${facts.join(', ')}${counts.wouldAbort > 0 ? hint : ''}\n`)
  }

  /** The sweep was ended early by whoever runs it. */
  interrupted(): void {
    const message = 'interrupted; uploads that were named are dealt with, the others untouched'
    if (this.#style.json) this.#emit('interrupted', {})
    else this.#streams.stderr.write(`transfer-engine: ${message}\n`)
  }

  failed(error: unknown): void {
    if (this.#style.json) this.#emit('error', { ...failureOf(error) })
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#streams.stdout.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }
}

/** `aborted s3://b/k (idle 71h03m, started 2026-11-26T10:00:00.000Z, 24 MiB in 3 parts) id` */
function lineOf(upload: CleanupUpload): string {
  const { bucket, key, uploadId, startedAt, idleMs, stored, outcome } = upload
  const facts = [`idle ${formatDuration(idleMs)}`, `started ${new Date(startedAt).toISOString()}`]
  if (stored !== undefined) facts.push(`${formatSize(stored.bytes)} in ${stored.parts} parts`)
  const uri = escapeText(`s3://${bucket}/${key}`)
  return `${WORDS[outcome]} ${uri} (${facts.join(', ')}) ${escapeText(uploadId)}\n`
}
