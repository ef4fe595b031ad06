/**
 * What `cp` and `mv` say while it works: a progress line, or one JSON event per line.
 *
 * JSON goes to standard output, people are spoken to on standard error; so `cp s3://… -` leaves
 * the bytes of the object alone (its JSON goes to standard error too).
 */

import type {
  CopyWay,
  EngineStats,
  TransferEngine,
  TransferEvents,
  TransferInfo,
  Verification,
} from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'
import { escapeText, jsonLine, type TextStream } from './output.ts'
import { ProgressLine } from './progress-line.ts'
import { failureOf, failureText } from './report-error.ts'
import { tellStatistics } from './statistics.ts'

/** How a copy ended well. Fields a kind of copy does not know are `undefined`. */
export interface CopySummary {
  readonly size: number
  readonly parts: number
  readonly attempts: number
  readonly elapsedMs: number
  readonly etag?: string | undefined
  readonly versionId?: string | undefined
  readonly checksum?: Readonly<Record<'algorithm' | 'value' | 'type', string>> | undefined
  readonly verified?: Verification | undefined
  readonly resumed?: boolean | undefined
  readonly keptBytes?: number | undefined
  readonly how?: CopyWay | undefined
  readonly relayReason?: string | undefined
  readonly moved?: boolean | undefined
}

export interface ReportStyle {
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
}

interface Streams {
  readonly stdout: TextStream
  readonly stderr: TextStream
}

/** What is copied, as it is told. */
export interface CopyNames {
  readonly kind: TransferInfo['kind']
  readonly source: string
  readonly target: string
  /** Bytes, where they are known beforehand. */
  readonly size?: number | undefined
  /** Whether the source is removed afterwards. */
  readonly move?: boolean | undefined
}

const VERBS = {
  upload: 'uploaded',
  download: 'downloaded',
  read: 'read',
  copy: 'copied',
} as const

export class CopyReport {
  readonly #route: CopyNames
  readonly #style: ReportStyle
  readonly #streams: Streams
  #line: ProgressLine | undefined

  constructor(route: CopyNames, style: ReportStyle, streams: Streams = process) {
    this.#route = route
    this.#style = style
    this.#streams = streams
  }

  /** Follows the one transfer of this engine. */
  follow(engine: TransferEngine): void {
    if (this.#style.json) this.#followInJson(engine)
    else if (!this.#style.quiet) this.#followInLine(engine)
  }

  /** Says what would be done. */
  dryRun(): void {
    const { kind, source, target, size, move } = this.#route
    if (this.#style.json) {
      this.#emit('dry-run', { kind, source, target, size, move: move === true })
      return
    }
    if (this.#style.quiet) return
    const amount = size === undefined ? '' : ` (${formatSize(size)})`
    const verb = move === true ? 'move' : kind === 'read' ? 'download' : kind
    this.#streams.stdout.write(
      `(dry run) ${verb} ${escapeText(source)}${amount} to ${escapeText(target)}\n`,
    )
  }

  /** Where metrics are served meanwhile. */
  metricsAt(url: string): void {
    if (this.#style.json) this.#emit('metrics', { url })
    else if (!this.#style.quiet) this.notice(`metrics at ${url}`)
  }

  /** Sums up, once everything else has been said. */
  statistics(stats: EngineStats): Promise<void> {
    const { stderr } = this.#streams
    return tellStatistics(stats, this.#style.json ? this.#jsonStream : undefined, stderr)
  }

  /** @param pool what the connections did meanwhile */
  succeeded(summary: CopySummary, pool: EngineStats['pool']): void {
    this.#endLine()
    const { kind, source, target } = this.#route
    if (this.#style.json) {
      const { size, parts, attempts, elapsedMs, etag, versionId, checksum, verified } = summary
      const { resumed, keptBytes, moved = false, how, relayReason } = summary
      const counts = { size, parts, attempts, elapsedMs: Math.round(elapsedMs) }
      const known = { etag, versionId, checksum, verified, resumed, keptBytes }
      const proof = { ...known, moved, how, relayReason }
      const { opened, reused, openedPerThousandRequests } = pool
      const connections = { opened, reused, openedPerThousandRequests }
      this.#emit('result', { kind, source, target, ...counts, ...proof, connections })
      return
    }
    if (this.#style.quiet) return
    const { size, elapsedMs, parts, attempts, keptBytes = 0 } = summary
    const rate = formatSize(Math.round((size - keptBytes) / (elapsedMs / 1000)))
    const facts = [`${formatSize(size)} in ${formatDuration(elapsedMs)}`, `${rate}/s`]
    if (parts > 1) facts.push(`${parts} parts`)
    if (summary.how === 'relay') facts.push('through here')
    if (summary.how === 'server') facts.push('by the store')
    if (summary.resumed === true) facts.push(`${formatSize(keptBytes)} kept`)
    if (attempts > parts) facts.push(`${attempts - parts} retried`)
    if (summary.verified === 'checksum') facts.push(`${summary.checksum?.algorithm} verified`)
    if (summary.verified === 'none') facts.push('not verified, the store lets us not look')
    if (summary.verified === 'size') facts.push('size verified, the store keeps no checksum')
    if (summary.relayReason !== undefined) this.notice(summary.relayReason)
    const verb = summary.moved === true ? 'moved' : VERBS[kind]
    const names = `${escapeText(source)} to ${escapeText(target)}`
    this.#streams.stderr.write(`${verb} ${names}: ${facts.join(', ')}\n`)
  }

  failed(error: unknown): void {
    this.#endLine()
    if (this.#style.json) {
      this.#emit('error', { ...failureOf(error) })
      if (this.#jsonStream === this.#streams.stderr) return
    }
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  /** A line that stays, between progress. */
  notice(text: string): void {
    this.#endLine()
    if (!this.#style.json) this.#streams.stderr.write(`transfer-engine: ${text}\n`)
  }

  #followInLine(engine: TransferEngine): void {
    const { kind, source, target } = this.#route
    const file = kind === 'upload' ? source : target
    const name = file === '-' ? (kind === 'upload' ? target : source) : file
    const line = new ProgressLine(name, this.#streams.stderr, process.env)
    this.#line = line
    engine
      .on('resume', ({ resumed, keptBytes, reason = '' }) => {
        line.say(
          resumed
            ? `transfer-engine: goes on, ${formatSize(keptBytes)} are there`
            : `transfer-engine: begins anew. ${reason}`,
        )
        line.keep(keptBytes)
      })
      .on('start', ({ size }) => line.update(0, size))
      .on('progress', ({ transferred, total }) => line.update(transferred, total))
      .on('retry', () => line.retried())
  }

  #followInJson(engine: TransferEngine): void {
    const named = ({ transfer, ...event }: { readonly transfer: TransferInfo }) => ({
      ...event,
      transferId: transfer.id,
    })
    engine
      .on('start', (event) => {
        const { kind, bucket, key, path } = event.transfer
        this.#emit('start', { ...named(event), kind, bucket, key, path })
      })
      .on('resume', (event) => this.#emit('resume', named(event)))
      .on('part', (event) => this.#emit('part', named(event)))
      .on('retry', (event: TransferEvents['retry']) =>
        this.#emit('retry', { ...named(event), error: failureOf(event.error) }),
      )
      .on('progress', (event) => this.#emit('progress', named(event)))
  }

  get #jsonStream(): TextStream {
    const { stdout, stderr } = this.#streams
    return this.#route.kind === 'read' ? stderr : stdout
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#jsonStream.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }

  #endLine(): void {
    this.#line?.end()
    this.#line = undefined
  }
}
