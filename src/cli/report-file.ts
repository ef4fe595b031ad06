/**
 * The file of `--report`: a line for each outcome, as NDJSON or, if the name ends in `.csv`, as CSV.
 * It is beside its name until it is whole, so that a report that is there is one to the end.
 */

import { createWriteStream, type WriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import type { Outcome } from '../index.ts'
import { targetError } from '../local-errors.ts'
import { outcomeFields } from './outcome-text.ts'
import { jsonLine } from './output.ts'
import { PacedWriter } from './paced-writer.ts'

const COLUMNS = [
  'status',
  'operation',
  'name',
  'bucket',
  'key',
  'path',
  'size',
  'reason',
  'attempts',
  'elapsedMs',
  'etag',
  'verified',
  'code',
  'message',
  'requestId',
  'move',
] as const

export class ReportFile {
  readonly #path: string
  readonly #bucket: string
  readonly #isCsv: boolean
  readonly #stream: WriteStream
  readonly #writer: PacedWriter
  #error: Error | undefined

  /**
   * Makes the file. Failures are told by `close`.
   * @param signal ends the waiting for the disk
   */
  constructor(path: string, bucket: string, signal: AbortSignal) {
    this.#path = path
    this.#bucket = bucket
    this.#isCsv = path.toLowerCase().endsWith('.csv')
    this.#stream = createWriteStream(this.#unfinished)
    this.#writer = new PacedWriter(this.#stream, signal)
    this.#stream.on('error', (error) => (this.#error ??= error))
    if (this.#isCsv) this.#stream.write(`${COLUMNS.join(',')}\n`)
  }

  /** A promise when the disk has to catch up. */
  add(outcome: Outcome): Promise<void> | undefined {
    if (this.#error !== undefined) return undefined
    const fields = outcomeFields(outcome, this.#bucket)
    return this.#writer.write(this.#isCsv ? csvLine(fields) : jsonLine(fields))
  }

  /** Gives the file its name. @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL */
  async close(): Promise<void> {
    try {
      this.#stream.end()
      await finished(this.#stream)
      await rename(this.#unfinished, this.#path)
    } catch (error) {
      await rm(this.#unfinished, { force: true }).catch(() => undefined)
      throw targetError(this.#error ?? error, this.#path)
    }
  }

  get #unfinished(): string {
    return `${this.#path}.part`
  }
}

/** By RFC 4180; what is told of an error has columns of its own. */
function csvLine(fields: Readonly<Record<string, unknown>>): string {
  const error = fields['error'] as Readonly<Record<string, unknown>> | undefined
  const context = error?.['context'] as Readonly<Record<string, unknown>> | undefined
  const flat: Readonly<Record<string, unknown>> = {
    ...fields,
    code: error?.['code'],
    message: error?.['message'] ?? fields['detail'],
    requestId: context?.['requestId'],
    move: fields['move'] === true ? 'true' : '',
  }
  return `${COLUMNS.map((name) => csvCell(flat[name])).join(',')}\n`
}

function csvCell(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
