/**
 * Listens on a port of the loopback, plain or TLS, and hands what comes to a `Connection` each.
 *
 * Plain sockets read straight into one buffer all share, which Node's own servers have no option
 * for: the accepted handle is taken over by a socket made with `onread`. Reading 64 KiB at a time
 * into fresh memory, as servers do, costs more than twice as much.
 */

import { createServer, Socket, type AddressInfo, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import { Connection, type Responder } from './connection.ts'
import { BLOCK_LENGTH } from './content.ts'

/** Large enough that system calls cost little beside the copy. Source: none, reasonable default. */
const READ_BUFFER = 1024 * 1024

/** TLS encrypts a write as a whole, into memory of its own, so it is given less at a time. */
const SECURE_WRITE_MAX = 256 * 1024

const HOST = '127.0.0.1'

/** Key and certificate, PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface Listener {
  readonly port: number
  /** Accepted since the start. */
  connections(): number
  close(): Promise<void>
}

export async function listenPlain(responder: Responder): Promise<Listener> {
  const buffer = Buffer.allocUnsafeSlow(READ_BUFFER)
  return listen((accept) =>
    createServer({ pauseOnConnect: true }, (accepted) => {
      const socket = takeOver(accepted, buffer, (length) =>
        connection.push(buffer.subarray(0, length)),
      )
      const connection = new Connection(socket, responder, BLOCK_LENGTH)
      accept(socket)
      socket.resume()
    }),
  )
}

export async function listenSecure(responder: Responder, identity: Identity): Promise<Listener> {
  return listen((accept) =>
    createTlsServer({ ...identity, noDelay: true }, (socket) => {
      const connection = new Connection(socket, responder, SECURE_WRITE_MAX)
      socket.on('data', (bytes: Buffer) => connection.push(bytes))
      accept(socket)
    }),
  )
}

async function listen(serve: (accept: (socket: Socket) => void) => Server): Promise<Listener> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const server = serve((socket) => {
    accepted += 1
    sockets.add(socket)
    // Clients end as they like; what they had asked for is nobody's any more.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => accepted,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** A socket on the handle of another, which is given up. Needs the other paused since it began. */
function takeOver(accepted: Socket, buffer: Buffer, onBytes: (length: number) => void): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle')
  Reflect.set(accepted, '_handle', null)
  accepted.destroy()
  const options = {
    handle,
    onread: {
      buffer,
      callback: (length: number): boolean => {
        onBytes(length)
        return true
      },
    },
  }
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
  socket.setNoDelay(true)
  return socket
}
