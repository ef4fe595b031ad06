/**
 * Writes to a stream, and tells when whoever reads it has to catch up: what is written then waits in
 * memory, so more should not come before. What goes wrong with a stream is told by others.
 */

import type { TextStream } from './output.ts'

/** A stream as far as it is written to. */
export interface PacedStream extends NodeJS.EventEmitter, TextStream {
  write(text: string): boolean
}

/** What ends the waiting for a stream. */
const ENDS = ['drain', 'error', 'close'] as const

export class PacedWriter {
  readonly #stream: PacedStream
  readonly #signal: AbortSignal
  /** One for all who wait. */
  #drained: Promise<void> | undefined

  /** @param signal ends the waiting */
  constructor(stream: PacedStream, signal: AbortSignal) {
    this.#stream = stream
    this.#signal = signal
  }

  /** A promise when nothing more should be written before it has resolved; it never rejects. */
  write(text: string): Promise<void> | undefined {
    if (this.#stream.write(text)) return undefined
    this.#drained ??= this.#waitForDrain()
    return this.#drained
  }

  #waitForDrain(): Promise<void> {
    const [stream, signal] = [this.#stream, this.#signal]
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        for (const event of ENDS) stream.off(event, end)
        signal.removeEventListener('abort', end)
        this.#drained = undefined
        resolve()
      }
      for (const event of ENDS) stream.on(event, end)
      signal.addEventListener('abort', end)
    })
  }
}
