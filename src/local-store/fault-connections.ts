/**
 * Faults of whole connections: sockets that are accepted and never read, sockets beyond a limit
 * that are reset, and a port that is closed for a while and opened again with its state kept.
 * It stands between the listener and the HTTP server, and numbers connections from 1.
 */

import type { Server } from 'node:http'
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net'
import type { MetFault } from './fault-rules.ts'

/** Wait before a port that is still taken is tried again. */
const REOPEN_RETRY_MS = 20

/** The gate of one HTTP server. */
export class ConnectionGate {
  readonly #server: Server
  readonly #take: (connection: number) => readonly MetFault[]
  readonly #numbers = new WeakMap<Socket, number>()
  readonly #unread = new Set<Socket>()
  #open = 0
  #count = 0
  #reopening: NodeJS.Timeout | undefined
  #closed = false

  /** @param take - the faults a new connection meets. */
  constructor(server: Server, take: (connection: number) => readonly MetFault[]) {
    this.#server = server
    this.#take = take
    const inner = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      if (this.#admit(socket)) for (const listener of inner) listener.call(server, socket)
    })
  }

  /** Number of a connection; 0 for one that did not come through this gate. */
  numberOf(socket: Socket): number {
    return this.#numbers.get(socket) ?? 0
  }

  /** Connections accepted so far. */
  get accepted(): number {
    return this.#count
  }

  /** Connections open now. */
  get open(): number {
    return this.#open
  }

  /** Closes the port for a time; open connections go on. Does nothing while it is closed. */
  refuse(ms: number): void {
    if (this.#closed || this.#reopening !== undefined || !this.#server.listening) return
    const { port, address } = this.#server.address() as AddressInfo
    // The plain TCP close: the one of an HTTP server would end idle connections too.
    NetServer.prototype.close.call(this.#server)
    this.#reopen(port, address, ms)
  }

  /** Ends the gate's own sockets and timers; the server is closed by its owner. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#reopening)
    for (const socket of this.#unread) socket.destroy()
  }

  #admit(socket: Socket): boolean {
    this.#count += 1
    this.#open += 1
    this.#numbers.set(socket, this.#count)
    socket.once('close', () => {
      this.#open -= 1
      this.#unread.delete(socket)
    })
    for (const { fault } of this.#take(this.#count)) {
      if (fault.kind === 'never-read') {
        socket.on('error', () => socket.destroy())
        socket.pause()
        this.#unread.add(socket)
        return false
      }
      if (fault.kind === 'max-connections' && this.#open > fault.max) {
        socket.resetAndDestroy()
        return false
      }
    }
    return true
  }

  #reopen(port: number, host: string, ms: number): void {
    this.#reopening = setTimeout(() => {
      const onError = (): void => this.#reopen(port, host, REOPEN_RETRY_MS)
      this.#server.once('error', onError)
      this.#server.listen({ port, host }, () => {
        this.#reopening = undefined
        this.#server.off('error', onError)
      })
    }, ms)
  }
}
