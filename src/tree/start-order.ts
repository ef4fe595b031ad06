/**
 * In which order the things of a plan are begun: some of them are known ahead, and alternately the largest
 * and the oldest of these is begun, so that a large one late in the plan does not run alone at the end and
 * nothing waits for ever. Large ones take half of the places among transfers while small ones wait, for
 * which the others stay.
 *
 * The plan is read ahead beside what is under way: the first things are begun as soon as they are known.
 */

import { SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import type { TreeAction } from './outcome.ts'
import { SizeClasses } from './size-classes.ts'

/**
 * Things known ahead. Source: none, reasonable default; as many as a page of a listing has, half a
 * megabyte of them.
 */
export const LOOK_AHEAD = 1000

export class StartOrder {
  readonly #largeMax: number
  /** Large ones under way. */
  #large = 0
  #isLargestNext = true

  /** @param transfers worked on at a time */
  constructor(transfers: number) {
    this.#largeMax = Math.max(1, Math.floor(transfers / 2))
  }

  begun(action: TreeAction): void {
    if (isLarge(action)) this.#large += 1
  }

  ended(action: TreeAction): void {
    if (isLarge(action)) this.#large -= 1
  }

  /** The plan in the order in which it is to be begun; removals come last. */
  async *of(plan: AsyncIterable<TreeAction>): AsyncGenerator<TreeAction, void, void> {
    const known = new KnownAhead(plan)
    try {
      for (;;) {
        known.readOn()
        const action = this.#choose(known)
        if (action !== undefined) yield action
        else if (known.isAtEnd) return
        else await known.more()
      }
    } finally {
      await known.close()
    }
  }

  #choose({ copies, removals }: KnownAhead): TreeAction | undefined {
    if (copies.length === 0) return removals.takeOldest()
    if (this.#large >= this.#largeMax) {
      const small = copies.takeOldest(true)
      if (small !== undefined) return small
    }
    const isLargest = this.#isLargestNext
    this.#isLargestNext = !isLargest
    return isLargest ? copies.takeLargest() : copies.takeOldest()
  }
}

/** Actions of a plan that have not been begun. */
class KnownAhead {
  readonly copies = new SizeClasses<TreeAction>(SMALL_FILE_MAX)
  readonly removals = new SizeClasses<TreeAction>(SMALL_FILE_MAX)
  readonly #plan: AsyncIterator<TreeAction>
  #reading: Promise<void> | undefined
  #isClosed = false
  #end: { readonly error?: unknown } | undefined
  #wake: () => void = () => undefined

  constructor(plan: AsyncIterable<TreeAction>) {
    this.#plan = plan[Symbol.asyncIterator]()
  }

  get #length(): number {
    return this.copies.length + this.removals.length
  }

  /** Whether there are no more. @throws what the plan threw, once all before that has been begun */
  get isAtEnd(): boolean {
    if (this.#length > 0 || this.#end === undefined) return false
    if ('error' in this.#end) throw this.#end.error
    return true
  }

  /** Reads the plan as far ahead as may be, unless that is under way. */
  readOn(): void {
    if (this.#end !== undefined || this.#length >= LOOK_AHEAD) return
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
      this.#wake()
    })
  }

  /** Resolves when another one is known, or there are no more. */
  more(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  /** Lets go of the plan. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#reading
    await this.#plan.return?.()
  }

  async #read(): Promise<void> {
    try {
      while (!this.#isClosed && this.#length < LOOK_AHEAD) {
        const { done, value } = await this.#plan.next()
        if (done === true) {
          this.#end = {}
          return
        }
        const list = value.operation === 'delete' ? this.removals : this.copies
        list.add(value)
        this.#wake()
      }
    } catch (error) {
      this.#end = { error }
    }
  }
}

function isLarge({ size }: TreeAction): boolean {
  return size > SMALL_FILE_MAX
}
