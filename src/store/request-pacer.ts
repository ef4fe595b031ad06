/**
 * Lets the requests of an engine start no faster than `maxRequestRate`, first come first served.
 * Who stops waiting leaves the queue, and those behind move up.
 */

import { RequestPace } from '../plan/request-pace.ts'
import { abortError, throwIfAborted, type StopSignal } from './abortable.ts'

/** Longest delay of a timer. Milliseconds. */
const TIMER_MAX = 2 ** 31 - 1

export class RequestPacer {
  readonly #pace: RequestPace
  readonly #now: () => number
  readonly #queue = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined

  /**
   * @param perSecond 0 for no limit
   * @param now milliseconds
   */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#pace = new RequestPace(perSecond)
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
        this.#timer = setTimeout(() => this.#serve(), Math.min(waitMs, TIMER_MAX))
        return
      }
      this.#pace.start(now)
      this.#queue.delete(start)
      start()
    }
  }
}
