/**
 * What `resume` says beside the reports of the transfers themselves: the list of what there is.
 */

import { formatS3Uri } from '../store/uri.ts'
import type { ResumableJob, TransferError } from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'
import type { CopyNames, ReportStyle } from './copy-report.ts'
import { escapeText, jsonLine, type TextStream } from './output.ts'
import { failureOf, failureText } from './report-error.ts'
import { renderTable } from './table.ts'

/** Digits of an ID that are shown; enough to tell thousands apart. */
const ID_DIGITS = 8

const COLUMNS = [
  { title: 'ID', align: 'left' },
  { title: 'done', align: 'right' },
  { title: 'of', align: 'right' },
  { title: 'age', align: 'right' },
  { title: 'idle', align: 'right' },
  { title: 'transfer', align: 'left' },
] as const

/** Source and destination as `cp` would be given them. */
export function describeJob(job: ResumableJob): CopyNames {
  const { direction: kind, place, path, bytesTotal: size } = job
  const uri = formatS3Uri(place)
  return kind === 'upload'
    ? { kind, source: path, target: uri, size }
    : { kind, source: uri, target: path, size }
}

export class ResumeReport {
  readonly #style: ReportStyle
  readonly #streams: { readonly stdout: TextStream; readonly stderr: TextStream }

  constructor(
    style: ReportStyle,
    streams: { readonly stdout: TextStream; readonly stderr: TextStream } = process,
  ) {
    this.#style = style
    this.#streams = streams
  }

  /** @param now epoch milliseconds */
  list(jobs: readonly ResumableJob[], now = Date.now()): void {
    const { stdout, stderr } = this.#streams
    if (this.#style.json) {
      for (const job of jobs) stdout.write(jobLine(job))
    } else if (jobs.length > 0) {
      stdout.write(
        renderTable(
          COLUMNS,
          jobs.map((job) => cellsOf(job, now)),
        ),
      )
    } else if (!this.#style.quiet) {
      stderr.write('nothing to go on with\n')
    }
  }

  /** A journal is there, and cannot be used. */
  unreadable(id: string, error: TransferError): void {
    if (this.#style.json) this.#streams.stdout.write(errorLine(error, id))
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  failed(error: unknown): void {
    if (this.#style.json) this.#streams.stdout.write(errorLine(error))
    this.#streams.stderr.write(failureText(error, this.#style))
  }
}

function cellsOf(job: ResumableJob, now: number): string[] {
  const { id, bytesDone, bytesTotal, startedAt, modifiedAt, isRunning } = job
  const { source, target } = describeJob(job)
  const since = (time: number): string => formatDuration(Math.max(0, now - time))
  const state = isRunning ? ' (at work)' : ''
  return [
    id.slice(0, ID_DIGITS),
    formatSize(bytesDone),
    formatSize(bytesTotal),
    since(startedAt),
    isRunning ? '-' : since(modifiedAt),
    `${escapeText(source)} to ${escapeText(target)}${state}`,
  ]
}

function jobLine(job: ResumableJob): string {
  const { startedAt, modifiedAt, place, connection: _, ...rest } = job
  const { source, target } = describeJob(job)
  return jsonLine({
    event: 'job',
    ...rest,
    source,
    target,
    endpoint: place.endpoint,
    startedAt: new Date(startedAt).toISOString(),
    modifiedAt: new Date(modifiedAt).toISOString(),
  })
}

function errorLine(error: unknown, id?: string): string {
  return jsonLine({ event: 'error', time: new Date().toISOString(), id, ...failureOf(error) })
}
