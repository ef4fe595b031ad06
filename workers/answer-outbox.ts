/**
 * Answers on their way to the coordinator. Those of one turn of the event loop go in one message,
 * since a message costs more than an answer; none waits longer than that turn.
 */

import type { AnswerMessage, AnswerRow, PartResult } from '../src/pool/protocol.ts'
import { answerRow } from '../src/pool/rows.ts'

export class AnswerOutbox {
  readonly #post: (answers: AnswerMessage) => void
  #answers: AnswerRow[] = []
  #posted: Promise<void> = Promise.resolve()

  constructor(post: (answers: AnswerMessage) => void) {
    this.#post = post
  }

  /** Settled when everything added so far has been posted. */
  get posted(): Promise<void> {
    return this.#posted
  }

  /** Takes the answer to job number `job`. */
  add(job: number, result: PartResult): void {
    this.#answers.push(answerRow(job, result))
    if (this.#answers.length > 1) return
    this.#posted = new Promise((resolve) => {
      setImmediate(() => {
        const answers = this.#answers
        this.#answers = []
        this.#post(answers)
        resolve()
      })
    })
  }
}
