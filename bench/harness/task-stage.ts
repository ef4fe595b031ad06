/**
 * A tree that is in place at a site, and for a sync in a directory too: same names, same sizes, and times
 * which say that nothing has changed. So a task on it must ask, and must not move anything.
 */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EqualSettings, Job, TaskName } from '../peers/peer.ts'
import { setTimes, writeFiles } from './content-files.ts'
import type { Site, SiteStats } from './site.ts'
import { jobAt, type Stage, type StageOptions } from './stage.ts'

/** Keys a store lists at a time. Source: S3. */
const PAGE_MAX = 1000

/** How much younger than its file an object is that was uploaded. Milliseconds. Source: none. */
const UPLOAD_AGE_MS = 3_600_000

export interface TaskStageOptions extends StageOptions {
  readonly task: TaskName
}

export class TaskStage implements Stage {
  readonly #site: Site
  readonly #directory: string
  readonly #options: TaskStageOptions
  readonly #signal: AbortSignal
  #before: SiteStats | undefined

  private constructor(
    site: Site,
    directory: string,
    options: TaskStageOptions,
    signal: AbortSignal,
  ) {
    this.#site = site
    this.#directory = directory
    this.#options = options
    this.#signal = signal
  }

  /** Makes both sides: files below `directory`, and objects at the site. */
  static async prepare(
    site: Site,
    directory: string,
    options: TaskStageOptions,
    signal: AbortSignal,
  ): Promise<TaskStage> {
    const stage = new TaskStage(site, directory, options, signal)
    await stage.#make()
    return stage
  }

  job(settings: EqualSettings | undefined): Job {
    return jobAt(this.#site, this.#options, this.#path, settings)
  }

  async reset(): Promise<void> {
    const earlier = this.#before
    this.#before = await this.#site.stats()
    if (earlier === undefined || earlier.moves === this.#before?.moves) return
    // Whoever moved something has changed what the next one finds.
    await this.#remove()
    await this.#make()
    this.#before = await this.#site.stats()
  }

  async verify(): Promise<void> {
    const after = await this.#site.stats()
    const before = this.#before
    if (before === undefined || after === undefined) throw new Error('the site does not count')
    if (after.moves !== before.moves) {
      throw new Error(`${after.moves - before.moves} requests moved something that was in place`)
    }
    const needed = Math.ceil(this.#options.count / PAGE_MAX)
    const requests = after.requests - before.requests
    if (requests < needed)
      throw new Error(`${requests} requests cannot list it; that takes ${needed}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove()
  }

  /** A file that came down bears the time of its object; one that went up is older. */
  async #make(): Promise<void> {
    const { task, operation } = this.#options
    // Stores tell whole seconds.
    const modifiedMs = Math.floor(Date.now() / 1000) * 1000
    await this.#site.publish(this.#options, modifiedMs)
    if (task === 'list') return
    await writeFiles(this.#path, this.#options, this.#signal)
    const ageMs = operation === 'upload' ? UPLOAD_AGE_MS : 0
    await setTimes(this.#path, this.#options, this.#signal, modifiedMs - ageMs)
  }

  async #remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
    await this.#site.clear(this.#options)
  }

  get #path(): string {
    return join(this.#directory, 'tree')
  }
}
