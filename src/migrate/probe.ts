/**
 * How fast a source gives its objects, by a short look: a few are read from their beginnings, at once, until
 * there is enough or time is up. Nothing is kept, and nothing is written anywhere.
 */

import type { ObjectInfo } from '../store/object-store.ts'
import { isArchived } from '../store/storage-classes.ts'
import type { ObjectRef } from '../store/types.ts'
import { SAMPLED_RANGE } from '../transfer/sample-object.ts'
import { MiB } from '../units.ts'

/** Longest look. Milliseconds. Source: none; nobody waits for it. */
export const PROBE_MS = 2000

/** Objects read at once, and of each at most so much: 8 MiB together. Source: none. */
const OBJECTS = 4
const BYTES_EACH = 2 * MiB

export interface Probe {
  /** Time of a HEAD of the source, the median of those of the sample. Milliseconds. */
  readonly latencyMs: number | undefined
  /** Objects read from, and bytes that came of them. */
  readonly reads: number
  readonly bytes: number
  readonly elapsedMs: number
  /** `undefined` where nothing was read: all are small or archived, or the store copies by itself. */
  readonly bytesPerSecond: number | undefined
}

export interface Probed {
  readonly object: ObjectRef
  readonly info: ObjectInfo
  /** Of its HEAD. Milliseconds. */
  readonly headMs: number
}

/** Reads from an object; ends when it has, or `signal` says so. */
export type ReadSample = (
  sample: Pick<Probed, 'object' | 'info'> & {
    readonly length: number
    readonly onRange: (bytes: number) => void
  },
  signal: AbortSignal,
) => Promise<unknown>

export interface ProbeQuestion {
  readonly sample: readonly Probed[]
  /** `undefined` where bytes do not come through here. */
  readonly read: ReadSample | undefined
  /** Begins to count down, and ends the look with what has come. */
  readonly deadline: () => AbortSignal
  /** Milliseconds. */
  readonly now: () => number
}

/** What cannot be read says nothing here: its copy will. */
export async function probeSource({ sample, read, deadline, now }: ProbeQuestion): Promise<Probe> {
  const latencyMs = medianOf(sample.map(({ headMs }) => headMs))
  const readable = read === undefined ? [] : largest(sample)
  const [startedAt, until] = [now(), deadline()]
  const lanes = readable.map(() => new Lane(startedAt))
  await Promise.allSettled(
    readable.map(async ({ object, info }, index) => {
      const length = Math.min(info.size, BYTES_EACH)
      const onRange = (bytes: number): void => lanes[index]?.add(bytes, now())
      await read?.({ object, info, length, onRange }, until)
    }),
  )
  const bytes = lanes.reduce((sum, lane) => sum + lane.bytes, 0)
  const elapsedMs = Math.max(0, ...lanes.map(({ lastAt }) => lastAt - startedAt))
  const perMs = lanes.reduce((sum, lane) => sum + lane.perMs, 0)
  const bytesPerSecond = perMs > 0 ? perMs * 1000 : undefined
  return { latencyMs, reads: readable.length, bytes, elapsedMs, bytesPerSecond }
}

/** What came of one object. */
class Lane {
  bytes = 0
  lastAt: number
  readonly #startedAt: number
  #first: { readonly bytes: number; readonly at: number } | undefined

  constructor(startedAt: number) {
    this.#startedAt = startedAt
    this.lastAt = startedAt
  }

  add(bytes: number, at: number): void {
    this.#first ??= { bytes, at }
    this.bytes += bytes
    this.lastAt = at
  }

  /** Without the first range, which waits for a connection, if there is more. */
  get perMs(): number {
    if (this.#first === undefined) return 0
    const { bytes, at } = this.#first
    const [more, ms] = [this.bytes - bytes, this.lastAt - at]
    if (more > 0 && ms > 0) return more / ms
    const allMs = this.lastAt - this.#startedAt
    return allMs > 0 ? this.bytes / allMs : 0
  }
}

/** Small ones tell the latency once more, and no rate. */
function largest(sample: readonly Probed[]): readonly Probed[] {
  return sample
    .filter(({ info }) => info.size >= SAMPLED_RANGE && !isArchived(info.storageClass))
    .sort((a, b) => b.info.size - a.info.size)
    .slice(0, OBJECTS)
}

function medianOf(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
