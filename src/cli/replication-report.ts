/**
 * What `replicate` says: a line for each pass, or one JSON event per line.
 */

import type { ReplicationPass } from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'
import type { ReportStyle } from './copy-report.ts'
import { jsonLine, type TextStream } from './output.ts'
import { failureOf, failureText } from './report-error.ts'

interface Streams {
  readonly stdout: TextStream
  readonly stderr: TextStream
}

export class ReplicationReport {
  readonly #style: ReportStyle
  readonly #streams: Streams

  constructor(style: ReportStyle, streams: Streams = process) {
    this.#style = style
    this.#streams = streams
  }

  pass({ pass, startedAt, elapsedMs, result, error, lagMs }: ReplicationPass): void {
    const { json, quiet } = this.#style
    if (json) {
      const { failures: _, plan: __, ...counts } = result ?? { failures: [], plan: undefined }
      const times = { startedAt, elapsedMs: Math.round(elapsedMs), lagMs }
      const failure = error === undefined ? {} : { error: failureOf(error) }
      this.#emit('pass', { pass, ...counts, ...times, ...failure })
      return
    }
    if (error !== undefined) this.#streams.stderr.write(failureText(error, this.#style))
    if (quiet || result === undefined) return
    const { copied, deleted, unchanged, failed, bytes } = result
    const facts = Object.entries({ copied, deleted, unchanged, failed })
      .filter(([, count]) => count > 0)
      .map(([word, count]) => `${count} ${word}`)
    const sum = facts.length === 0 ? 'nothing there' : facts.join(', ')
    const moved = bytes === 0 ? '' : `, ${formatSize(bytes)}`
    this.#streams.stdout.write(`pass ${pass}: ${sum}${moved} in ${formatDuration(elapsedMs)}\n`)
  }

  notice(text: string): void {
    if (!this.#style.json) this.#streams.stderr.write(`transfer-engine: ${text}\n`)
  }

  failed(error: unknown): void {
    if (this.#style.json) this.#emit('error', { ...failureOf(error) })
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#streams.stdout.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }
}
