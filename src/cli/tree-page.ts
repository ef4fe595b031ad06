/**
 * `--html`: a page about a tree, for people. Looks at the tree and its engine now and then while they
 * work, and writes the page when it ends, however it ends.
 */

import type { EngineStats, Outcome, TreeProgress } from '../index.ts'
import type { HtmlReport } from '../html-report/html-report.ts'
import type { EarlyEnd } from '../html-report/run-summary.ts'
import { packageVersion } from '../package-version.ts'
import type { FlagValues } from './flags.ts'
import { givenOptions } from './given-options.ts'
import { failureOf } from './report-error.ts'
import { systemTicker, type Ticker } from './ticker.ts'
import { UsageError } from './usage-error.ts'

/** Milliseconds between two looks. Source: none; some tens of them show the course of a short run. */
const LOOK_MS = 250

/** What is called, for the heading of the page. */
export interface PageNames {
  readonly command: string
  readonly source: string
  readonly target: string
}

/**
 * The page that `--html` asks for, if it does.
 * @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL, UsageError
 */
export async function openTreePage(
  names: PageNames,
  values: FlagValues,
  ticker: Ticker = systemTicker,
): Promise<TreePage | undefined> {
  const { html: path, report } = values
  if (typeof path !== 'string') return undefined
  if (path === report) {
    const message = '--html and --report name the same file.'
    throw new UsageError('ERR_OPTION_INVALID', message, 'Give each a name of its own.')
  }
  // Most commands are not asked for it.
  const { HtmlReport } = await import('../html-report/html-report.ts')
  const info = {
    ...names,
    version: packageVersion(),
    isDryRun: values['dryRun'] === true || values['dryrun'] === true,
    startedAt: new Date(),
    options: givenOptions(values),
  }
  return new TreePage(await HtmlReport.open(path, info, ticker.now()), ticker)
}

export class TreePage {
  readonly #report: HtmlReport
  readonly #ticker: Ticker
  #look: (() => void) | undefined
  #stop: (() => void) | undefined
  #earlyEnd: EarlyEnd | undefined
  #isClosed = false

  constructor(report: HtmlReport, ticker: Ticker) {
    this.#report = report
    this.#ticker = ticker
  }

  add(outcome: Outcome): void {
    this.#report.add(outcome)
  }

  /** Looks at both from now on. */
  watch(
    tree: { readonly progress: TreeProgress },
    engine: { stats(): Pick<EngineStats, 'requests' | 'retries' | 'pool' | 'memory'> },
  ): void {
    this.#look = () => this.#report.look(this.#ticker.now(), tree.progress, engine.stats())
    this.#stop = this.#ticker.every(LOOK_MS, this.#look)
  }

  /** Notes why the tree ended early, while the engine can still be looked at. */
  failed(error: unknown): void {
    this.#lastLook()
    this.#earlyEnd ??= failureOf(error)
  }

  /** Writes the page; later calls do nothing. @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#lastLook()
    await this.#report.close(this.#earlyEnd)
  }

  #lastLook(): void {
    this.#stop?.()
    this.#look?.()
    this.#look = undefined
  }
}
