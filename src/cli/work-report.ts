/**
 * What `worker` says, and what is said of a queue: a line each, or one JSON event per line.
 */

import type { QueueNotice, WorkResult } from '../index.ts'
import { formatDuration } from '../units.ts'
import type { ReportStyle } from './copy-report.ts'
import { escapeText, jsonLine, type TextStream } from './output.ts'
import { failureOf, failureText } from './report-error.ts'

interface Streams {
  readonly stdout: TextStream
  readonly stderr: TextStream
}

export class WorkReport {
  readonly #style: ReportStyle
  readonly #streams: Streams

  constructor(style: ReportStyle, streams: Streams = process) {
    this.#style = style
    this.#streams = streams
  }

  notice({ code, message }: QueueNotice): void {
    const { json, quiet } = this.#style
    if (json) this.#emit('notice', { code, message })
    else if (code !== 'QUEUE_READY') this.says(message)
    else if (!quiet) this.#streams.stdout.write('waiting for shards\n')
  }

  says(text: string): void {
    if (!this.#style.json) this.#streams.stderr.write(`transfer-engine: ${escapeText(text)}\n`)
  }

  done({ shards, elapsedMs }: WorkResult): void {
    if (this.#style.json) this.#emit('end', { shards, elapsedMs: Math.round(elapsedMs) })
    else if (!this.#style.quiet) {
      const what = `${shards} shard${shards === 1 ? '' : 's'}`
      this.#streams.stdout.write(`did ${what} in ${formatDuration(elapsedMs)}\n`)
    }
  }

  failed(error: unknown): void {
    if (this.#style.json) this.#emit('error', { ...failureOf(error) })
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#streams.stdout.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }
}
