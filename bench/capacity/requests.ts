/**
 * Requests an object takes, by the plans the engine itself makes; a test compares them with the requests that
 * were counted in the results. Pure.
 */

import { planDownload } from '../../src/plan/download-plan.ts'
import { SMALL_FILE_MAX } from '../../src/plan/memory-budget.ts'
import { planUpload } from '../../src/plan/upload-plan.ts'
import { assumed } from './assumptions.ts'

export type Operation = 'upload' | 'download' | 'relay'

/** Of one object. */
export interface Requests {
  /** PUT, and POST of Create and Complete, at the destination. */
  readonly puts: number
  /** GET and HEAD at the store that is read from, and HEAD at the one that is written to. */
  readonly gets: number
  /** Ranges or parts that carry its bytes one way. */
  readonly parts: number
}

/** Create and Complete. */
const AROUND_PARTS = 2

export function requestsOf(operation: Operation, size: number): Requests {
  if (operation === 'download') return download(size)
  const sent = upload(size)
  if (operation === 'upload') return sent
  // A small one that was listed is read and sent in one job.
  if (size <= SMALL_FILE_MAX) return { ...sent, gets: 1 }
  // Another is looked at before it is read, part by part as it is sent.
  return { ...sent, gets: sent.gets + 1 + sent.parts }
}

function upload(size: number): Requests {
  const plan = planUpload({ size, partSize: assumed('partSize') })
  if (plan.kind === 'single') return { puts: 1, gets: 0, parts: 1 }
  return { puts: plan.parts + AROUND_PARTS, gets: 1, parts: plan.parts }
}

function download(size: number): Requests {
  const plan = planDownload({ size, partSize: assumed('partSize') })
  return plan.kind === 'ranges'
    ? { puts: 0, gets: plan.parts + 1, parts: plan.parts }
    : { puts: 0, gets: 1, parts: 1 }
}
