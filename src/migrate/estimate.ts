/**
 * How long copies will take, before the first byte: what is to be done, by how fast the source was seen to
 * be. Writing is not measured, since nothing is written: so it is a guess, by reading only.
 */

import type { TreePlan } from '../tree/plan-sums.ts'
import type { Probe } from './probe.ts'

/** Requests of a copy of a small object, in turn: HEAD, CopyObject and HEAD, or HEAD, GET and PUT. */
const REQUESTS_EACH = 3

export interface Estimate {
  /** `undefined` where nothing could be measured. Milliseconds. */
  readonly elapsedMs: number | undefined
  /** What it takes so long by. */
  readonly by: 'bytes' | 'requests' | undefined
  /** What is counted: all that would be done, or all that was listed, as if nothing were there yet. */
  readonly of: 'plan' | 'listing'
  readonly objects: number
  readonly bytes: number
  /** Whether there is more than was listed, or nothing told how fast bytes are copied. */
  readonly isAtLeast: boolean
  readonly probe: Probe
}

/** What is to be done. */
export interface Work extends Pick<Estimate, 'of' | 'objects' | 'bytes'> {
  readonly requests: number
  readonly isAll: boolean
}

/** How an engine goes about it. */
export interface Pace {
  /** Whether bytes come through here. */
  readonly isRelayed: boolean
  /** Objects at work at a time. */
  readonly concurrency: number
  /** Bytes per second, up and down together; 0 for no limit. */
  readonly maxBandwidth: number
  /** Requests per second; 0 for no limit. */
  readonly maxRequestRate: number
}

/** time ≈ max(bytes / rate, requests × latency / concurrency), and no faster than the limits allow */
export function estimate(work: Work, pace: Pace, probe: Probe): Estimate {
  const { of, objects, bytes, requests, isAll } = work
  const { isRelayed, concurrency, maxBandwidth, maxRequestRate } = pace
  const { latencyMs, bytesPerSecond, reads } = probe
  const isUntimed = isRelayed ? reads > 0 && bytesPerSecond === undefined : bytes > 0
  const isAtLeast = !isAll || isUntimed
  const counted = { of, objects, bytes, isAtLeast, probe }
  const byBytes = isRelayed
    ? longest(over(bytes, bytesPerSecond), over(2 * bytes, maxBandwidth))
    : undefined
  // A large object is many at once.
  const atOnce = Math.min(concurrency, Math.max(1, Math.floor(requests / REQUESTS_EACH)))
  const waiting = latencyMs === undefined ? undefined : (requests * latencyMs) / atOnce
  const byRequests = longest(waiting, over(requests, maxRequestRate))
  const elapsedMs = longest(byBytes, byRequests)
  if (elapsedMs === undefined) return { ...counted, elapsedMs, by: undefined }
  return { ...counted, elapsedMs, by: elapsedMs === byBytes ? 'bytes' : 'requests' }
}

/** What a listing has shown. */
export interface ListedSums {
  readonly listed: number
  /** `undefined` where nobody knows. */
  readonly bytesListed: number | undefined
  readonly isAll: boolean
}

/** All that was listed. */
export function workListed(sums: ListedSums, asksAcls: boolean): Work {
  const { listed, bytesListed: bytes = 0 } = sums
  const requests = listed * (REQUESTS_EACH + Number(asksAcls))
  const isAll = sums.isAll && sums.bytesListed !== undefined
  return { of: 'listing', objects: listed, bytes, requests, isAll }
}

/** All that a dry run found; its listings are behind it. */
export function workPlanned({ copies, bytesCopied, requests }: TreePlan): Work {
  const { PUT, GET, HEAD, DELETE } = requests
  const sum = PUT + GET + HEAD + DELETE
  return { of: 'plan', objects: copies, bytes: bytesCopied, requests: sum, isAll: true }
}

/** Milliseconds; `undefined` without a rate. */
function over(amount: number, perSecond: number | undefined): number | undefined {
  return perSecond === undefined || perSecond === 0 ? undefined : (amount / perSecond) * 1000
}

function longest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
