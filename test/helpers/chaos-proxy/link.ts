/**
 * One connection of a client and the one to the store behind it. Bytes go both ways, cut into
 * messages; a request decides by its head what happens to it and to its answer. The client has one
 * request at work at a time, so what comes back belongs to the last one sent.
 */

import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  answerBodyLength,
  type MessageHead,
  MessageReader,
  requestBodyLength,
} from '../http-messages.ts'
import type { Cut, ProxiedRequest } from './faults.ts'
import { Shaper, type Wire } from './shaper.ts'

/** Longest time a timer can be set for; stands for ever. Milliseconds. */
const FOR_EVER_MS = 0x7fff_ffff

export interface LinkOptions {
  readonly storePort: number
  readonly random: () => number
  /** Told of each request; says what it meets. */
  onRequest(method: string, target: string, headers: MessageHead['headers']): ProxiedRequest
}

export class Link {
  readonly #client: Socket
  readonly #store: Socket
  readonly #options: LinkOptions
  readonly #ended = new AbortController()
  readonly #requests = new MessageReader(requestBodyLength)
  readonly #answers = new MessageReader((head) => answerBodyLength(this.#method, head))
  #method = ''
  #up: Shaper
  #down: Shaper

  constructor(client: Socket, options: LinkOptions) {
    this.#client = client
    this.#options = options
    this.#store = connect(options.storePort, '127.0.0.1')
    this.#up = new Shaper(this.#wireTo(this.#store), 'up', [])
    this.#down = new Shaper(this.#wireTo(client), 'down', [])
    client.setNoDelay(true)
    this.#store.setNoDelay(true)
    this.#store.on('error', () => undefined)
    client.once('close', () => this.#end())
    void this.#pump(this.#client, this.#store, (chunk) => this.#passUp(chunk))
    void this.#pump(this.#store, this.#client, (chunk) => this.#passDown(chunk))
  }

  /** Cuts both connections. */
  close(): void {
    this.#cut('rst')
  }

  async #pump(from: Socket, to: Socket, pass: (chunk: Buffer) => Promise<void>): Promise<void> {
    try {
      for await (const chunk of from) await pass(chunk as Buffer)
      to.end()
    } catch {
      // What one side breaks is broken for the other in the same way; what we cut ends as we said.
      if (!this.#ended.signal.aborted) to.resetAndDestroy()
    }
  }

  async #passUp(chunk: Buffer): Promise<void> {
    for (const piece of this.#requests.read(chunk)) {
      if (piece.head !== undefined) this.#begin(piece.head)
      await this.#up.pass(piece)
    }
  }

  async #passDown(chunk: Buffer): Promise<void> {
    for (const piece of this.#answers.read(chunk)) await this.#down.pass(piece)
  }

  #begin({ line, headers }: MessageHead): void {
    const [method = '', target = ''] = line.split(' ')
    const { faults } = this.#options.onRequest(method, target, headers)
    this.#method = method
    this.#answers.restart()
    this.#up = new Shaper(this.#wireTo(this.#store), 'up', faults)
    this.#down = new Shaper(this.#wireTo(this.#client), 'down', faults)
  }

  #wireTo(socket: Socket): Wire {
    const { signal } = this.#ended
    return {
      write: (bytes) =>
        new Promise((resolve) => {
          if (bytes.length === 0 || socket.destroyed || socket.writableEnded) resolve()
          else socket.write(bytes, () => resolve())
        }),
      cut: (how) => this.#cut(how),
      wait: (ms = FOR_EVER_MS) => sleep(ms, undefined, { signal }).catch(() => undefined),
      get isCut() {
        return signal.aborted
      },
      random: this.#options.random,
    }
  }

  #cut(how: Cut): void {
    if (how === 'fin') this.#client.destroySoon()
    else this.#client.resetAndDestroy()
    this.#end()
  }

  #end(): void {
    this.#ended.abort()
    this.#store.destroy()
  }
}
