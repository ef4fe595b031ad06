/**
 * The limits that may be changed while the engine runs: how much moves, and how many requests
 * start.
 */

import { checkOption, unknownOption } from '../option-check.ts'
import { OPTIONS } from '../option-table.ts'
import type { BandwidthLimit } from '../pool/bandwidth-limit.ts'
import type { RequestPacer } from '../store/request-pacer.ts'

/** Limits to be changed; what is left out stays as it is. */
export interface Limits {
  /** Bytes per second over all workers, up and down together; 0 for none. */
  readonly maxBandwidth?: number | undefined
  /** Requests per second over all workers; 0 for none. */
  readonly maxRequestRate?: number | undefined
}

const ROWS = { maxBandwidth: OPTIONS.maxBandwidth, maxRequestRate: OPTIONS.maxRequestRate }

export class RunningLimits {
  readonly #bandwidth: BandwidthLimit
  /** Where requests wait for their turn. */
  readonly requests: RequestPacer

  constructor(bandwidth: BandwidthLimit, requests: RequestPacer) {
    this.#bandwidth = bandwidth
    this.requests = requests
  }

  get maxBandwidth(): number {
    return this.#bandwidth.bytesPerSecond
  }

  get maxRequestRate(): number {
    return this.requests.perSecond
  }

  /**
   * Changes all that are given, or none.
   *
   * @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID
   */
  set(limits: Limits): void {
    for (const name of Object.keys(limits)) {
      if (!Object.hasOwn(ROWS, name)) throw unknownOption(name, ROWS)
    }
    const { maxBandwidth, maxRequestRate } = limits
    checkOption('maxBandwidth', ROWS.maxBandwidth, maxBandwidth)
    checkOption('maxRequestRate', ROWS.maxRequestRate, maxRequestRate)
    if (maxBandwidth !== undefined) this.#bandwidth.set(maxBandwidth)
    if (maxRequestRate !== undefined) this.requests.set(maxRequestRate)
  }
}
