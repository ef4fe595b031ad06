/** Sums over what was verified. */

import type { VerifiedBy, VerifyStatus } from './verdict.ts'
import type { VerifiedEntry, VerifyResult } from './verify-options.ts'

export class VerifyTally {
  readonly #counts: Record<VerifyStatus, number> = {
    ok: 0,
    missing: 0,
    size: 0,
    checksum: 0,
    changed: 0,
    unreadable: 0,
    'not-comparable': 0,
    extra: 0,
  }
  readonly #by: Record<VerifiedBy, number> = { checksum: 0, etag: 0, time: 0, size: 0 }
  #all = 0
  #records = 0
  #bytes = 0

  /** @param isRecord whether it is in the manifest */
  add({ status, by, size }: VerifiedEntry, isRecord: boolean): void {
    this.#counts[status] += 1
    this.#all += 1
    if (by !== undefined) this.#by[by] += 1
    if (!isRecord) return
    this.#records += 1
    this.#bytes += size
  }

  result(of: Pick<VerifyResult, 'manifest' | 'end' | 'elapsedMs'>): VerifyResult {
    const counts = this.#counts
    const agrees = counts.ok === this.#all
    return { agrees, counts, by: this.#by, records: this.#records, bytes: this.#bytes, ...of }
  }
}
