/**
 * One job of a workload, made ready at a site for any number of runs: the files or objects that
 * are moved, a place to move them to, and the proof that they were.
 */

import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EqualSettings, Job, Operation } from '../peers/peer.ts'
import { verifyFiles, writeFiles } from './content-files.ts'
import type { ObjectSet, Site } from './site.ts'

export interface StageOptions extends ObjectSet {
  readonly operation: Operation
  readonly secure: boolean
  /** No files: the program makes the bytes, or compares them, itself. */
  readonly inMemory: boolean
}

export interface Stage extends AsyncDisposable {
  job(settings: EqualSettings | undefined): Job
  /** Removes what the run before left. */
  reset(): Promise<void>
  /** @throws Error unless what was to be done was done, and right. */
  verify(): Promise<void>
}

export class CopyStage implements Stage {
  readonly #site: Site
  readonly #directory: string
  readonly #options: StageOptions
  readonly #signal: AbortSignal

  private constructor(site: Site, directory: string, options: StageOptions, signal: AbortSignal) {
    this.#site = site
    this.#directory = directory
    this.#options = options
    this.#signal = signal
  }

  /** Makes what is moved: files below `directory`, or objects at the site. */
  static async prepare(
    site: Site,
    directory: string,
    options: StageOptions,
    signal: AbortSignal,
  ): Promise<CopyStage> {
    const stage = new CopyStage(site, directory, options, signal)
    await mkdir(directory, { recursive: true })
    if (options.operation !== 'upload') await site.publish(options)
    else if (!options.inMemory) await writeFiles(stage.#path, options, signal)
    return stage
  }

  job(settings: EqualSettings | undefined): Job {
    return jobAt(this.#site, this.#options, this.#path, settings)
  }

  async reset(): Promise<void> {
    const { operation, count } = this.#options
    if (operation === 'upload') return this.#site.forget(this.#options)
    await rm(this.#path, { recursive: true, force: true })
    if (count > 1) await mkdir(this.#path, { recursive: true })
  }

  async verify(): Promise<void> {
    const { operation, inMemory } = this.#options
    if (operation === 'upload') return this.#site.verifyReceived(this.#options)
    if (operation === 'read' || inMemory) return
    if (!existsSync(this.#path)) throw new Error('nothing was downloaded')
    await verifyFiles(this.#path, this.#options, this.#signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
    await this.#site.forget(this.#options)
  }

  get #path(): string {
    return join(this.#directory, this.#options.operation === 'upload' ? 'source' : 'target')
  }
}

/** @param path the file, or the directory, of the job */
export function jobAt(
  { address }: Site,
  { operation, secure, key, count, size }: StageOptions,
  path: string,
  settings: EqualSettings | undefined,
): Job {
  const { endpoint, secureEndpoint, caFile, region, bucket, credentials } = address
  const chosen = secure ? secureEndpoint : endpoint
  if (chosen === undefined) throw new Error('There is no https endpoint')
  const where = { endpoint: chosen, caFile: secure ? caFile : undefined, region, bucket }
  return { operation, ...where, credentials, key, count, size, path, settings }
}
