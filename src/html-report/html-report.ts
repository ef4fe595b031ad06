/**
 * The page of `--html`, from the first outcome to the file. It is beside its name until it is whole, as
 * other reports are, so that a page that is there is one to the end.
 */

import { rename, rm, writeFile } from 'node:fs/promises'
import type { Outcome, TreeProgress } from '../index.ts'
import { targetError } from '../local-errors.ts'
import { OutcomeTally } from './outcome-tally.ts'
import { renderPage } from './page.ts'
import type { EarlyEnd, RunInfo } from './run-summary.ts'
import { Timeline, type SeenStats } from './timeline.ts'

export class HtmlReport {
  readonly #path: string
  readonly #info: RunInfo
  readonly #tally = new OutcomeTally()
  readonly #timeline: Timeline

  /**
   * Makes the file, so that one that cannot be written is known before anything is moved.
   * @param nowMs on the clock of `look`
   * @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL
   */
  static async open(path: string, info: RunInfo, nowMs: number): Promise<HtmlReport> {
    const report = new HtmlReport(path, info, nowMs)
    await report.#write('')
    return report
  }

  private constructor(path: string, info: RunInfo, nowMs: number) {
    this.#path = path
    this.#info = info
    this.#timeline = new Timeline(nowMs)
  }

  add(outcome: Outcome): void {
    this.#tally.add(outcome)
  }

  look(nowMs: number, progress: TreeProgress, stats: SeenStats): void {
    this.#timeline.look(nowMs, progress, stats)
  }

  /**
   * Writes the page, and gives it its name.
   * @param earlyEnd why the run did not get to its end
   * @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL
   */
  async close(earlyEnd?: EarlyEnd): Promise<void> {
    const [info, tally, timeline] = [this.#info, this.#tally, this.#timeline]
    await this.#write(renderPage({ info, earlyEnd, tally, timeline, endedAt: new Date() }))
    try {
      await rename(this.#unfinished, this.#path)
    } catch (error) {
      await rm(this.#unfinished, { force: true }).catch(() => undefined)
      throw targetError(error, this.#path)
    }
  }

  async #write(text: string): Promise<void> {
    try {
      await writeFile(this.#unfinished, text)
    } catch (error) {
      await rm(this.#unfinished, { force: true }).catch(() => undefined)
      throw targetError(error, this.#path)
    }
  }

  get #unfinished(): string {
    return `${this.#path}.part`
  }
}
