/** Starts the server of the benchmark as a child process, asks it things, and ends it. */

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ServerAddress } from '../peers/peer.ts'

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

export class ServerLink implements AsyncDisposable {
  readonly address: ServerAddress
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  private constructor(child: ChildProcess, address: ServerAddress) {
    this.#child = child
    this.address = address
    this.#exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve()
    child.on('message', (answer: { readonly id: number }) => {
      this.#waiting.get(answer.id)?.resolve(answer)
      this.#waiting.delete(answer.id)
    })
    child.once('exit', (code, signal) => this.#failAll(code ?? signal))
  }

  /** @throws Error when the server ends before it listens. */
  static async start(): Promise<ServerLink> {
    const script = fileURLToPath(new URL('../server/process.js', import.meta.url))
    const child = fork(script, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const first: unknown[] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`The server of the benchmark did not start (${code})`)
      }),
    ])
    return new ServerLink(child, first[0] as ServerAddress)
  }

  /** Sends a request and waits for its answer. */
  ask<T>(kind: string, fields: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const id = this.#nextId
    this.#nextId += 1
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (answer) => resolve(answer as T), reject })
      this.#child.send({ id, kind, ...fields }, (error) => {
        if (error !== null) reject(error)
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#exited
  }

  #failAll(code: unknown): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`The server of the benchmark has ended (${String(code)})`))
    }
    this.#waiting.clear()
  }
}
