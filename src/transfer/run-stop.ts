/**
 * How a transfer is stopped: what an `AbortSignal` does, at a tenth of its price. A real one, which
 * costs several µs and most of a kilobyte, is made when something outside asks for it.
 */

import { setMaxListeners } from 'node:events'
import type { StopSignal } from '../store/abortable.ts'

export class RunStop implements StopSignal {
  #aborted = false
  #reason: unknown
  #listeners: Set<() => void> | undefined
  #controller: AbortController | undefined

  get aborted(): boolean {
    return this.#aborted
  }

  get reason(): unknown {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      // Each part in flight listens; Node would warn of a leak from the eleventh on.
      setMaxListeners(0, this.#controller.signal)
      if (this.#aborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason
  }

  /** Each listener is called once; the only event there is. */
  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener)
  }

  /** Stops; only the first reason counts. */
  abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
    // One that is taken off by another meanwhile must not be called.
    for (const listener of this.#listeners ?? []) listener()
    this.#listeners = undefined
  }
}
