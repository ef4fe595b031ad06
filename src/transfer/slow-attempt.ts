/**
 * One attempt that does not wait for ever where others are quick. When it takes longer than nearly
 * all of its kind, and there are requests to spare, an upload is raced by a second attempt on
 * another connection, and the first success counts. A download is moved instead: it is cut and goes
 * on behind what arrived, since of two that write one range the loser could overwrite proved bytes.
 * Whoever loses is cut and waited for, so that nothing reads or writes for it any more.
 * Under a bandwidth limit nothing counts as slow: most likely it is we who hold it back.
 */

import {
  attemptOnce,
  kindOf,
  placeOf,
  type AttemptOutcome,
  type PartRequest,
} from './request-attempt.ts'
import type { TransferRun } from './transfer-run.ts'

export interface HedgedOutcome extends AttemptOutcome {
  /** The attempt was cut because it was slow, and is to be made again at once. */
  readonly moved: boolean
}

/** One attempt of a request, with the second one there may be. */
export function attemptHedged(run: TransferRun, request: PartRequest): Promise<HedgedOutcome> {
  return new Race(run, request).outcome()
}

/** How an attempt ended. */
type Ending =
  | { readonly by: 1 | 2; readonly outcome: AttemptOutcome }
  | { readonly by: 1 | 2; readonly outcome: undefined; readonly error: unknown }

class Race {
  readonly #run: TransferRun
  readonly #request: PartRequest
  /** What its time is compared with. */
  readonly #kind: string
  /** Slots of the attempts at work. */
  readonly #slots = new Map<1 | 2, number>()
  #startedAt = 0
  #timer: NodeJS.Timeout | undefined
  #isWon = false
  #moved = false

  constructor(run: TransferRun, request: PartRequest) {
    this.#run = run
    this.#request = request
    this.#kind = `${request.operation} ${placeOf(run, request).bucket} ${request.length}`
  }

  async outcome(): Promise<HedgedOutcome> {
    let first: Promise<Ending> | undefined
    try {
      const ending = await new Promise<Ending | 'slow'>((resolve) => {
        first = this.#start(1, () => resolve('slow'))
        void first.then(resolve)
      })
      const last = ending === 'slow' ? await this.#against(first as Promise<Ending>) : ending
      if (last.outcome === undefined) throw last.error
      const { outcome } = last
      if (outcome.result.ok) this.#noteArrived()
      return { ...outcome, moved: this.#moved && !outcome.result.ok }
    } finally {
      clearTimeout(this.#timer)
    }
  }

  async #start(by: 1 | 2, onSlow?: () => void): Promise<Ending> {
    try {
      const outcome = await attemptOnce(this.#run, this.#request, {
        onStart: (slot) => {
          this.#slots.set(by, slot)
          if (onSlow === undefined) return
          this.#startedAt = performance.now()
          this.#watch(onSlow)
        },
        isFirst: () => {
          const isFirst = !this.#isWon
          this.#isWon = true
          return isFirst
        },
      })
      return { by, outcome }
    } catch (error) {
      return { by, outcome: undefined, error }
    } finally {
      this.#slots.delete(by)
    }
  }

  /** Looks after the time that counts as slow, and again each time nothing could be done. */
  #watch(onSlow: () => void): void {
    const { scheduler, executor } = this.#run.env
    if (this.#request.whenSlow === undefined || this.#isHeldBack) return
    const slowAfterMs = scheduler.hedging.slowAfterMs(this.#kind)
    if (slowAfterMs === undefined) return
    this.#timer = setTimeout(() => {
      const hasRoom = scheduler.requests.hasRoom(kindOf(this.#run, this.#request))
      const how = hasRoom && !this.#isHeldBack ? this.#request.whenSlow?.() : undefined
      if (how === undefined || !scheduler.hedging.tryStart()) return this.#watch(onSlow)
      if (how === 'race') return onSlow()
      this.#moved = true
      const slot = this.#slots.get(1)
      if (slot !== undefined) executor.cancel(this.#run.info.id, slot)
    }, slowAfterMs).unref()
  }

  /** The first success of two; without one, what became of the first attempt. */
  async #against(first: Promise<Ending>): Promise<Ending> {
    const second = this.#start(2)
    const winner = await Promise.race([first, second])
    if (winner.outcome?.result.ok === true) {
      const slot = this.#slots.get(winner.by === 1 ? 2 : 1)
      if (slot !== undefined) this.#run.env.executor.cancel(this.#run.info.id, slot)
    }
    const endings = await Promise.all([first, second])
    if (winner.outcome?.result.ok === true) return winner
    return endings.find(({ outcome }) => outcome?.result.ok === true) ?? endings[0]
  }

  get #isHeldBack(): boolean {
    return this.#run.env.limits.maxBandwidth > 0
  }

  #noteArrived(): void {
    if (this.#request.whenSlow === undefined || this.#isHeldBack) return
    const elapsedMs = performance.now() - this.#startedAt
    this.#run.env.scheduler.hedging.noteArrived(this.#kind, elapsedMs)
  }
}
