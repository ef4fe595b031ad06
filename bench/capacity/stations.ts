/** Where simulated work waits and is served: servers in a line, and prefixes that split. On the clock of the events. */

import type { EventQueue } from '../simulation/event-queue.ts'

/** So many servers that take what comes first, first. */
export class Station {
  readonly #events: EventQueue
  /** When each server is free. Milliseconds. */
  readonly #freeAt: number[]

  constructor(events: EventQueue, servers: number) {
    this.#events = events
    this.#freeAt = Array.from({ length: servers }, () => 0)
  }

  /** @param seconds one server works on it */
  serve(seconds: number, onEnd: () => void): void {
    const free = this.#freeAt
    let first = 0
    for (let index = 1; index < free.length; index += 1) {
      if ((free[index] ?? 0) < (free[first] ?? 0)) first = index
    }
    const { now } = this.#events
    const end = Math.max(now, free[first] ?? 0) + 1000 * seconds
    free[first] = end
    this.#events.after(end - now, onEnd)
  }
}

/** A share of the names, and the requests it still has to serve. */
interface Partition {
  /** Where its names begin; they end where the next one's begin. From 0 to below 1. */
  readonly from: number
  freeAt: number
  /** Since when somebody has been waiting. Milliseconds. */
  busySince: number
}

/**
 * Prefixes that each serve so many requests a second. What is above that waits, as the engine waits once
 * it has found the limit; what refused requests cost is the subject of `npm run bench:simulate`. One at which
 * somebody has waited for long becomes two of half of its names.
 */
export class Partitions {
  readonly #events: EventQueue
  readonly #rate: number
  readonly #splitAfterMs: number
  readonly #partitions: Partition[]

  /** @param splitAfter seconds; Infinity for prefixes that stay as they are */
  constructor(events: EventQueue, prefixes: number, rate: number, splitAfter: number) {
    this.#events = events
    this.#rate = rate
    this.#splitAfterMs = 1000 * splitAfter
    this.#partitions = Array.from({ length: prefixes }, (_, index) => ({
      from: index / prefixes,
      freeAt: 0,
      busySince: 0,
    }))
  }

  get count(): number {
    return this.#partitions.length
  }

  /** @param place of the name among all, 0 to below 1 */
  serve(place: number, requests: number, onEnd: () => void): void {
    if (requests === 0) return onEnd()
    const { now } = this.#events
    const partition = this.#split(this.#indexAt(place), place)
    if (partition.freeAt <= now) partition.busySince = now
    partition.freeAt = Math.max(now, partition.freeAt) + (1000 * requests) / this.#rate
    this.#events.after(partition.freeAt - now, onEnd)
  }

  /** The last that does not begin behind the place. */
  #indexAt(place: number): number {
    let [low, high] = [0, this.#partitions.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#partitions[middle] as Partition).from <= place) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Splits what is due, and returns the part that the place belongs to. */
  #split(index: number, place: number): Partition {
    const partition = this.#partitions[index] as Partition
    const { now } = this.#events
    const isBusy = partition.freeAt > now
    if (!isBusy || now - partition.busySince < this.#splitAfterMs) return partition
    const to = this.#partitions[index + 1]?.from ?? 1
    const from = (partition.from + to) / 2
    // Both have half of what waits.
    const freeAt = now + (partition.freeAt - now) / 2
    const upper = { from, freeAt, busySince: now }
    Object.assign(partition, { freeAt, busySince: now })
    this.#partitions.splice(index + 1, 0, upper)
    return place >= from ? upper : partition
  }
}
