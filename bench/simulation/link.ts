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
  /** By their ends; most that come end last. */
  readonly #flows: Flow[] = []
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
    let at = this.#flows.length
    while (at > 0 && (this.#flows[at - 1] as Flow).to > flow.to) at -= 1
    this.#flows.splice(at, 0, flow)
    this.#plan()
    return () => {
      this.#advance()
      return Math.min(bytes, this.#each - flow.from)
    }
  }

  /** Bytes per millisecond of one flow. */
  get #rate(): number {
    return Math.min(this.#perConnection, this.#bandwidth / this.#flows.length) / 1000
  }

  #advance(): void {
    const { now } = this.#events
    if (this.#flows.length > 0) this.#each += (now - this.#eachAt) * this.#rate
    this.#eachAt = now
  }

  /** The next flow to end; plans made before are void. */
  #plan(): void {
    this.#version += 1
    const version = this.#version
    const [flow] = this.#flows
    if (flow === undefined) return
    this.#events.after((flow.to - this.#each) / this.#rate, () => {
      if (version !== this.#version) return
      this.#advance()
      this.#each = Math.max(this.#each, flow.to)
      this.#flows.shift()
      this.#plan()
      flow.onEnd()
    })
  }
}
