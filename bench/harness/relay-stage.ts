/**
 * Objects at one site that are to be copied to another with keys of its own: two servers, and this machine
 * between them. The directory of files is not used.
 */

import type { EqualSettings, Job } from '../peers/peer.ts'
import { startSinkSite } from './sink-site.ts'
import type { Site } from './site.ts'
import { jobAt, type Stage, type StageOptions } from './stage.ts'

export class RelayStage implements Stage {
  readonly #from: Site
  readonly #to: Site
  readonly #options: StageOptions

  private constructor(from: Site, to: Site, options: StageOptions) {
    this.#from = from
    this.#to = to
    this.#options = options
  }

  /** Makes the objects at the site, and starts another one. */
  static async prepare(site: Site, options: StageOptions): Promise<RelayStage> {
    await site.publish(options)
    return new RelayStage(site, await startSinkSite(), options)
  }

  job(settings: EqualSettings | undefined): Job {
    const job = jobAt(this.#from, this.#options, '', settings)
    return { ...job, destination: this.#to.address }
  }

  reset(): Promise<void> {
    return this.#to.forget(this.#options)
  }

  verify(): Promise<void> {
    return this.#to.verifyReceived(this.#options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#to[Symbol.asyncDispose]()
    await this.#from.clear(this.#options)
  }
}
