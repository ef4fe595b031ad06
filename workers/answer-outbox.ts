/**
 * Answers on their way to the coordinator. Those of one turn of the event loop go in one message,
 * since a message costs more than an answer: it wakes a thread. Answers about small files, whose next
 * ones wait for no single answer, are kept until half of them have come, or for a moment.
 */

import type { AnswerMessage, AnswerRow, PartResult } from '../src/pool/protocol.ts'
import { answerRow } from '../src/pool/rows.ts'

/**
 * Longest that an answer is kept. Milliseconds.
 * Source: none, reasonable default; a tenth of the way to a store in the same region and back.
 */
const KEEP_MS = 2

export class AnswerOutbox {
  readonly #post: (answers: AnswerMessage) => void
  #answers: AnswerRow[] = []
  /** Small files that are not answered. */
  #small = 0
  #timer: NodeJS.Timeout | undefined
  #isEnding = false
  #posted: Promise<void> = Promise.resolve()
  #settle: (() => void) | undefined

  constructor(post: (answers: AnswerMessage) => void) {
    this.#post = post
  }

  /** Settled when everything added so far has been posted. */
  get posted(): Promise<void> {
    return this.#posted
  }

  /** So many small files have come. */
  expectSmall(count: number): void {
    this.#small += count
  }

  /** Takes the answer to job number `job`. */
  add(job: number, result: PartResult, isSmall = false): void {
    this.#answers.push(answerRow(job, result))
    if (this.#answers.length === 1)
      this.#posted = new Promise((resolve) => (this.#settle = resolve))
    if (isSmall) this.#small -= 1
    if (!isSmall || this.#answers.length >= this.#small) this.#endTurn()
    else this.#timer ??= setTimeout(() => this.#flush(), KEEP_MS)
  }

  #endTurn(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    setImmediate(() => {
      this.#isEnding = false
      this.#flush()
    })
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#answers.length === 0) return
    const answers = this.#answers
    this.#answers = []
    this.#post(answers)
    this.#settle?.()
  }
}
