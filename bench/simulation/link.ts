/**
 * A line that its flows share evenly, each up to the rate of one connection. As long as all flows
 * have the same bounds, a flow ends when the amount every flow has got since the beginning has grown
 * by its length; so nothing is computed for each flow. Pure, on the clock of the events.
 */

import type { EventQueue } from './event-queue.ts'

interface Flow {
  readonly from: number
  readonly to: number
  readonly onEnd: () => void
}

export class Link {
  readonly #events: EventQueue
  readonly #flows = new Set<Flow>()
  #bandwidth: number
  readonly #perConnection: number
  /** Bytes each flow would have got since the beginning. */
  #each = 0
  #eachAt = 0
  #version = 0

  /** @param bandwidth bytes per second of all flows; `perConnection` of one */
  constructor(events: EventQueue, bandwidth: number, perConnection: number) {
    this.#events = events
    this.#bandwidth = bandwidth
    this.#perConnection = perConnection
  }

  set bandwidth(bytesPerSecond: number) {
    this.#advance()
    this.#bandwidth = bytesPerSecond
    this.#plan()
  }

  /** Sends bytes. Returns how many of them have arrived so far. */
  send(bytes: number, onEnd: () => void): () => number {
    this.#advance()
    const flow = { from: this.#each, to: this.#each + bytes, onEnd }
    this.#flows.add(flow)
    this.#plan()
    return () => {
      this.#advance()
      return Math.min(bytes, this.#each - flow.from)
    }
  }

  /** Bytes per millisecond of one flow. */
  get #rate(): number {
    return Math.min(this.#perConnection, this.#bandwidth / this.#flows.size) / 1000
  }

  #advance(): void {
    const { now } = this.#events
    if (this.#flows.size > 0) this.#each += (now - this.#eachAt) * this.#rate
    this.#eachAt = now
  }

  /** The next flow to end; plans made before are void. */
  #plan(): void {
    this.#version += 1
    const version = this.#version
    let first: Flow | undefined
    for (const flow of this.#flows) if (first === undefined || flow.to < first.to) first = flow
    if (first === undefined) return
    const flow = first
    this.#events.after((flow.to - this.#each) / this.#rate, () => {
      if (version !== this.#version) return
      this.#advance()
      this.#each = Math.max(this.#each, flow.to)
      this.#flows.delete(flow)
      this.#plan()
      flow.onEnd()
    })
  }
}
