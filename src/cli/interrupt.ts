/**
 * What ends a command early: Ctrl-C, SIGTERM, a closed terminal, a reader that went away.
 *
 * The first cause aborts the transfers; the command waits for their clean-up (no temporary file,
 * no open multipart upload) and exits with the code of the cause. A second signal exits at once.
 */

import { EXIT } from './exit-codes.ts'

const SIGNALS = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hungUp,
} as const

type SignalName = keyof typeof SIGNALS

/** What of `process` is needed. */
export interface InterruptibleProcess {
  readonly stdout: {
    on(event: 'error', listener: (error: Error) => void): unknown
    off(event: 'error', listener: (error: Error) => void): unknown
  }
  on(signal: SignalName, listener: (signal: SignalName) => void): unknown
  off(signal: SignalName, listener: (signal: SignalName) => void): unknown
  exit(code: number): void
}

export class Interruption implements Disposable {
  readonly #process: InterruptibleProcess
  readonly #controller = new AbortController()
  readonly #onFirst: (signal: SignalName) => void
  #exitCode: number | undefined
  #outputError: Error | undefined

  /** @param onFirst says that clean-up has begun */
  constructor(
    onFirst: (signal: SignalName) => void = () => undefined,
    target: InterruptibleProcess = process,
  ) {
    this.#onFirst = onFirst
    this.#process = target
    for (const name of Object.keys(SIGNALS) as SignalName[]) target.on(name, this.#onSignal)
    target.stdout.on('error', this.#onOutputError)
  }

  /** Aborts with the first cause. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Exit code of the cause; `undefined` while there is none, or when writing output failed. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** Why standard output could not be written; a reader that went away is no failure. */
  get outputError(): Error | undefined {
    return this.#outputError
  }

  [Symbol.dispose](): void {
    for (const name of Object.keys(SIGNALS) as SignalName[]) this.#process.off(name, this.#onSignal)
    this.#process.stdout.off('error', this.#onOutputError)
  }

  readonly #onSignal = (name: SignalName): void => {
    const code = SIGNALS[name]
    if (this.signal.aborted) {
      this.#process.exit(code)
      return
    }
    this.#exitCode = code
    this.#onFirst(name)
    this.#controller.abort(new Error(name))
  }

  readonly #onOutputError = (error: Error): void => {
    if (this.signal.aborted) return
    if ('code' in error && error.code === 'EPIPE') this.#exitCode = EXIT.brokenPipe
    else this.#outputError = error
    this.#controller.abort(error)
  }
}
