/**
 * What a command about a tree says: a line for each thing that was done on standard output, progress
 * and the sum on standard error; or one JSON event per line.
 */

import type {
  EngineStats,
  Fidelity,
  MigrationResult,
  Outcome,
  TreeProgress,
  TreeResult,
} from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'
import type { ReportStyle } from './copy-report.ts'
import { estimateText } from './estimate-text.ts'
import { fidelityText } from './fidelity-text.ts'
import { outcomeFields, outcomeLine } from './outcome-text.ts'
import { jsonLine } from './output.ts'
import { PacedWriter, type PacedStream } from './paced-writer.ts'
import { planLine, planText } from './plan-text.ts'
import type { Cost } from './prices.ts'
import { failureOf, failureText } from './report-error.ts'
import { tellStatistics } from './statistics.ts'
import { TreeDisplay, type ShownStats } from './tree-display.ts'

interface Streams {
  readonly stdout: PacedStream
  readonly stderr: PacedStream
}

export class TreeReport {
  readonly #bucket: string
  readonly #style: ReportStyle
  readonly #streams: Streams
  readonly #out: PacedWriter
  readonly #err: PacedWriter
  readonly #label: string
  #display: TreeDisplay | undefined

  /**
   * @param label what is moved, for the display of progress
   * @param signal ends the waiting for those who read
   */
  constructor(
    bucket: string,
    label: string,
    style: ReportStyle,
    signal: AbortSignal,
    streams: Streams = process,
  ) {
    this.#bucket = bucket
    this.#style = style
    this.#streams = streams
    this.#out = new PacedWriter(streams.stdout, signal)
    this.#err = new PacedWriter(streams.stderr, signal)
    this.#label = label
  }

  /** Shows how far it is from now on, where somebody sees it. */
  watch(stats: () => ShownStats): void {
    const { json, quiet } = this.#style
    const { stderr } = this.#streams
    if (json || quiet || stderr.isTTY !== true || process.env['TERM'] === 'dumb') return
    this.#display = new TreeDisplay(this.#label, stderr, stats)
  }

  /** A promise when whoever reads has to catch up. */
  outcome(outcome: Outcome): Promise<void> | undefined {
    const { json, quiet } = this.#style
    if (json) return this.#emit('outcome', outcomeFields(outcome, this.#bucket))
    const isBad = outcome.status === 'failed'
    if (quiet && !isBad) return undefined
    const line = outcomeLine(outcome, this.#bucket)
    const isAside = isBad || outcome.status === 'skipped'
    return this.#aside(`${line}\n`, isAside ? this.#err : this.#out)
  }

  /**
   * What copies will carry and lose, and how long they may take, before they begin.
   * @param isDry whether the time is told in the end, by the plan
   */
  fidelity(fidelity: Fidelity, isDry: boolean): void {
    if (this.#style.json) void this.#emit('fidelity', { ...fidelity })
    else if (!this.#style.quiet) {
      const { estimate } = fidelity
      const time = isDry || estimate === undefined ? '' : estimateText(estimate)
      void this.#aside(fidelityText(fidelity) + time, this.#err)
    }
  }

  progress(progress: TreeProgress): void {
    this.#display?.update(progress)
  }

  /** @param code of what programs should see too */
  notice(text: string, code?: string): void {
    if (this.#style.json && code !== undefined) void this.#emit('notice', { code, message: text })
    else if (!this.#style.json) void this.#aside(`transfer-engine: ${text}\n`, this.#err)
  }

  /** @param cost of a dry run, if there are prices */
  done(result: TreeResult & Pick<Partial<MigrationResult>, 'estimate'>, cost?: Cost): void {
    this.#end()
    if (this.#style.json) {
      const { failures: _, elapsedMs, plan, ...counts } = result
      const planned = plan === undefined ? {} : { plan, cost }
      void this.#emit('result', { ...counts, elapsedMs: Math.round(elapsedMs), ...planned })
      return
    }
    if (this.#style.quiet) return
    const { plan } = result
    const time = result.estimate === undefined ? '' : estimateText(result.estimate)
    const text = plan === undefined ? '' : planText(plan, cost) + time
    this.#streams.stderr.write(`${sumOf(result)}\n${text}`)
  }

  statistics(stats: EngineStats): Promise<void> {
    const { stdout, stderr } = this.#streams
    return tellStatistics(stats, this.#style.json ? stdout : undefined, stderr)
  }

  failed(error: unknown): void {
    this.#end()
    if (this.#style.json) void this.#emit('error', { ...failureOf(error) })
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  /** Writes around the display. */
  #aside(text: string, to: PacedWriter): Promise<void> | undefined {
    this.#display?.clear()
    return to.write(text)
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): Promise<void> | undefined {
    return this.#out.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }

  #end(): void {
    this.#display?.end()
    this.#display = undefined
  }
}

/** `3 uploaded, 1 deleted, 12 unchanged: 24.0 MiB in 1.2s, 20 MiB/s` */
function sumOf(result: TreeResult): string {
  const { moved, deleted, planned, skipped, failed, unchanged } = result
  // A tree is moved or copied.
  const none = { uploaded: 0, downloaded: 0, copied: 0 }
  const { uploaded, downloaded, copied } = moved > 0 ? none : result
  const counts = { moved, uploaded, downloaded, copied, deleted, unchanged, skipped, failed }
  const facts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}`)
  const { plan } = result
  if (planned > 0 && plan !== undefined) facts.unshift(`would be done: ${planLine(plan)}`)
  if (facts.length === 0) facts.push('nothing to do')
  const { bytes, elapsedMs } = result
  if (bytes === 0 || planned > 0) return facts.join(', ')
  const rate = formatSize(Math.round(bytes / (elapsedMs / 1000)))
  return `${facts.join(', ')}: ${formatSize(bytes)} in ${formatDuration(elapsedMs)}, ${rate}/s`
}
