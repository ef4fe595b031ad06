/**
 * Lets the requests of an engine start no faster than `maxRequestRate`, first come first served.
 * Who stops waiting leaves the queue, and those behind move up.
 */

import { RateLimit } from '../plan/rate-limit.ts'
import { abortError, throwIfAborted, type StopSignal } from './abortable.ts'

export class RequestPacer {
  readonly #pace: RateLimit
  readonly #now: () => number
  readonly #queue = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined

  /**
   * @param perSecond 0 for no limit
   * @param now milliseconds
   */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#pace = new RateLimit(perSecond)
    this.#now = now
  }

  /** 0 for no limit. */
  get perSecond(): number {
    return this.#pace.perSecond
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#queue.size
  }

  /** Changes the limit, also for those who wait. */
  set(perSecond: number): void {
    this.#pace.set(perSecond, this.#now())
    this.#serve()
  }

  /** Counts a request that starts at once, whoever waits: those behind it wait longer. */
  note(): void {
    if (this.#pace.perSecond > 0) this.#pace.start(this.#now())
  }

  /**
   * Resolves when a request may start, and counts it as started.
   *
   * @throws (rejects) ERR_ABORTED when the signal aborts first
   */
  async turn(signal?: StopSignal): Promise<void> {
    if (this.#pace.perSecond === 0) return
    throwIfAborted(signal)
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#queue.delete(start)
        if (signal !== undefined) reject(abortError(signal))
      }
      const start = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      signal?.addEventListener('abort', onAbort)
      this.#queue.add(start)
      this.#serve()
    })
  }

  #serve(): void {
    clearTimeout(this.#timer)
    for (const start of this.#queue) {
      const now = this.#now()
      const waitMs = this.#pace.waitMs(now)
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#serve(), waitMs)
        return
      }
      this.#pace.start(now)
      this.#queue.delete(start)
      start()
    }
  }
}
