/**
 * Goal: no byte is ever overwritten before it was consumed, whatever arrives when, and whoever
 * pauses. Method: many sockets share the memory of one thread, each carries a pattern of its own
 * that depends on the offset, and every byte is compared when it is handed over.
 */

import net, { type OnReadOpts, type Socket } from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { SharedState } from '../../../src/pool/shared-state.ts'
import { Connection } from '../../../workers/connection.ts'
import { PlainReader, TlsReader } from '../../../workers/socket-reader.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { selfSigned } from '../../helpers/self-signed.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { makeDialler } from './pool-fixture.ts'

const KiB = 1024
const MiB = 1024 * KiB
const PERIOD = 1_048_573
const ROW = testBytes(PERIOD)
const TABLE = Buffer.concat([ROW, ROW, ROW, ROW])
const secure = selfSigned()

/** Bytes `[offset, offset + length)` of stream `id`: another place in the table for each. */
function pattern(id: number, offset: number, length: number): Buffer {
  const start = (id * 104_729 + offset) % PERIOD
  return TABLE.subarray(start, start + length)
}

/** Compares what arrives with the pattern; keeps the first difference. */
class Judge {
  readonly id: number
  received = 0
  wrong: string | undefined

  constructor(id: number) {
    this.id = id
  }

  take(chunk: Uint8Array): void {
    const expected = Buffer.alloc(chunk.length)
    for (let done = 0; done < chunk.length; done += MiB) {
      const length = Math.min(MiB, chunk.length - done)
      expected.set(pattern(this.id, this.received + done, length), done)
    }
    if (this.wrong === undefined && !expected.equals(chunk)) {
      this.wrong = `stream ${this.id} differs within ${chunk.length} bytes at ${this.received}`
    }
    this.received += chunk.length
  }
}

/** A small seeded generator, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await turn()
}
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Writes in pieces of 1 to 100 bytes and bursts of up to 1 MiB, in and out of turn. */
async function writeInPieces(
  socket: Socket,
  length: number,
  random: () => number,
  bytesAt: (offset: number, length: number) => Buffer,
): Promise<void> {
  let offset = 0
  while (offset < length && !socket.destroyed) {
    const isBurst = random() < 0.1
    const wanted = isBurst ? Math.ceil(random() * MiB) : Math.ceil(random() * 100)
    const piece = Math.min(wanted, length - offset)
    const drained = socket.write(bytesAt(offset, piece))
    offset += piece
    if (!drained) await drainedOrClosed(socket)
    else if (random() < 0.5) await turn()
  }
}

function drainedOrClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
}

type Wire = 'plain' | 'TLS'
const servers: RawServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve(
  wire: Wire,
  options: Omit<Parameters<typeof startRawServer>[0], 'secure'>,
): Promise<RawServer> {
  const server = await startRawServer({ ...options, ...(wire === 'TLS' ? { secure } : {}) })
  servers.push(server)
  return server
}

/** A client socket that reads as the connections of a worker do. */
function openSocket(wire: Wire, port: number): Socket {
  const base = { host: '127.0.0.1', port, highWaterMark: 1 }
  if (wire === 'plain') {
    const reader = new PlainReader(new SharedState(1).bandwidth)
    const socket = net.connect({ ...base, onread: reader.onread } as net.NetConnectOpts)
    reader.attach(socket)
    return socket
  }
  const reader = new TlsReader()
  const onread: OnReadOpts = reader.onread
  const options = { ...base, ca: secure.cert, servername: 'localhost', onread }
  const socket = tls.connect(options as tls.ConnectionOptions)
  reader.attach(socket, false)
  return socket
}

function openConnection(wire: Wire, server: RawServer): Connection {
  return new Connection(server.origin, {
    readTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    minThroughput: 0,
    minThroughputWindowMs: 20_000,
    dialler: makeDialler({
      tls: { ca: wire === 'TLS' ? secure.cert : undefined, rejectUnauthorized: true },
    }),
    bandwidth: new SharedState(1).bandwidth,
  })
}

interface Received {
  readonly judge: Judge
  readonly status: number
}

/** GET of `/id`; every so often the consumer pauses undici for a while. */
function receive(connection: Connection, id: number, random: () => number): Promise<Received> {
  const judge = new Judge(id)
  let status = 0
  return new Promise((resolve, reject) => {
    connection.client.dispatch(
      { method: 'GET', path: `/${id}`, headers: [], body: null, reset: false },
      {
        onRequestStart: () => connection.bypass.arm(undefined),
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData: (controller, chunk) => {
          judge.take(chunk)
          if (random() > 0.2) return
          controller.pause()
          const resume = (): void => controller.resume()
          if (random() < 0.5) setImmediate(resume)
          else setTimeout(resume, Math.ceil(random() * 5))
        },
        onResponseEnd: () => resolve({ judge, status }),
        onResponseError: (_controller, error) => reject(error),
      },
    )
  })
}

/** The id a request asks for. */
function idOf(target: string): number {
  return Number(target.slice(1))
}

/** Head and body as one row of bytes, chunked or with a length. */
function framed(id: number, length: number, isChunked: boolean, random: () => number): Buffer {
  if (!isChunked) {
    const head = `HTTP/1.1 200 OK\r\nx-id: ${id}\r\ncontent-length: ${length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), pattern(id, 0, length)])
  }
  const pieces: Buffer[] = [
    Buffer.from(`HTTP/1.1 200 OK\r\nx-id: ${id}\r\ntransfer-encoding: chunked\r\n\r\n`),
  ]
  for (let offset = 0; offset < length;) {
    const piece = Math.min(Math.ceil(random() * (random() < 0.5 ? 100 : 300_000)), length - offset)
    const size = Buffer.from(`${piece.toString(16)}\r\n`)
    pieces.push(size, pattern(id, offset, piece), Buffer.from('\r\n'))
    offset += piece
  }
  pieces.push(Buffer.from('0\r\n\r\n'))
  return Buffer.concat(pieces)
}

describe.each<Wire>(['plain', 'TLS'])('reading %s sockets', (wire) => {
  it('hands over every byte of 40 sockets while their consumers pause and resume', async () => {
    const length = wire === 'plain' ? MiB : 700 * KiB
    const rounds = 2
    const server = await serve(wire, {
      onRequest: ({ socket, target }) => {
        const id = idOf(target)
        const random = seeded(id + 1)
        const bytes = framed(id, length, id % 2 === 1, random)
        const slice = (offset: number, size: number): Buffer =>
          bytes.subarray(offset, offset + size)
        void writeInPieces(socket, bytes.length, random, slice)
      },
    })
    const connections = Array.from({ length: 40 }, () => openConnection(wire, server))
    const results = await Promise.all(
      connections.map(async (connection, index) => {
        const mine: Received[] = []
        for (let round = 0; round < rounds; round += 1) {
          const id = index * rounds + round
          mine.push(await receive(connection, id, seeded(1000 + id)))
        }
        return mine
      }),
    )
    for (const connection of connections) connection.destroy()
    const all = results.flat()
    expect(all.map(({ judge }) => judge.wrong).filter((wrong) => wrong !== undefined)).toEqual([])
    expect(all.every(({ judge }) => judge.received === length)).toBe(true)
    expect(server.accepted, 'each connection was used again').toBe(40)
  })

  it('keeps bytes that arrive before anybody listens', async () => {
    const length = 300 * KiB
    const server = await serve(wire, {
      onConnection: (socket, id) =>
        socket.write(Buffer.concat([idLine(id), pattern(id, 0, length)])),
    })
    const sockets = Array.from({ length: 32 }, () => openSocket(wire, server.port))
    await Promise.all(sockets.map((socket) => connected(socket)))
    await wait(100)
    const judges = await Promise.all(sockets.map((socket) => readPatterned(socket, length)))
    for (const socket of sockets) socket.destroy()
    expect(judges.map((judge) => judge.wrong)).toEqual(sockets.map(() => undefined))
    expect(judges.map((judge) => judge.received)).toEqual(sockets.map(() => length))
  })

  it('keeps bytes for readers that look away again and again', async () => {
    const length = 512 * KiB
    const server = await serve(wire, {
      onConnection: (socket, id) => {
        socket.write(idLine(id))
        const at = (offset: number, size: number): Buffer => pattern(id, offset, size)
        void writeInPieces(socket, length, seeded(id + 7), at)
      },
    })
    const sockets = Array.from({ length: 32 }, () => openSocket(wire, server.port))
    const random = seeded(3)
    const judges = await Promise.all(
      sockets.map((socket) =>
        readPatterned(socket, length, () => (random() < 0.1 ? Math.ceil(random() * 3) : 0)),
      ),
    )
    for (const socket of sockets) socket.destroy()
    expect(judges.map((judge) => judge.wrong)).toEqual(sockets.map(() => undefined))
    expect(judges.map((judge) => judge.received)).toEqual(sockets.map(() => length))
  })

  it('keeps the first piece of a head while other sockets are read', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-amz-checksum-crc32: AAECAw==\r\n\r\n'
    const cuts = Array.from({ length: head.length - 1 }, (_, index) => index + 1)
    const firstPieces = new Map<number, Socket>()
    const server = await serve(wire, {
      onRequest: ({ socket, target }) => {
        const cut = idOf(target)
        if (cut === 0) {
          socket.write(answer('200 OK', {}, pattern(0, 0, MiB)))
        } else {
          socket.write(head.slice(0, cut))
          firstPieces.set(cut, socket)
        }
      },
    })
    const asked = cuts.map((cut) => ({ cut, connection: openConnection(wire, server) }))
    const answers = asked.map(({ cut, connection }) => headersOf(connection, cut))
    await until(() => firstPieces.size === cuts.length)
    await wait(20)
    const other = openConnection(wire, server)
    expect((await receive(other, 0, () => 1)).judge.wrong).toBeUndefined()
    for (const [cut, socket] of firstPieces) socket.write(head.slice(cut))
    const wanted = { 'content-length': '0', 'x-amz-checksum-crc32': 'AAECAw==' }
    expect(await Promise.all(answers)).toEqual(cuts.map(() => wanted))
    for (const { connection } of asked) connection.destroy()
    other.destroy()
  })

  it.each(['chunked', 'with a length'])('reads an answer %s split at every place', async (kind) => {
    const length = 150
    const random = seeded(5)
    const sample = framed(1, length, kind === 'chunked', seeded(1))
    const cuts = Array.from({ length: sample.length - 1 }, (_, index) => index + 1)
    const server = await serve(wire, {
      onRequest: ({ socket, target }) => {
        const cut = idOf(target)
        const bytes = framed(cut, length, kind === 'chunked', seeded(1))
        socket.write(bytes.subarray(0, cut))
        setTimeout(() => socket.write(bytes.subarray(cut)), 2)
      },
    })
    const connections = Array.from({ length: 32 }, () => openConnection(wire, server))
    const wrong: unknown[] = []
    await Promise.all(
      connections.map(async (connection) => {
        for (let cut = cuts.pop(); cut !== undefined; cut = cuts.pop()) {
          const { judge, status } = await receive(connection, cut, random)
          if (judge.wrong !== undefined) wrong.push(judge.wrong)
          if (judge.received !== length || status !== 200) wrong.push([cut, judge.received, status])
        }
      }),
    )
    for (const connection of connections) connection.destroy()
    expect(wrong).toEqual([])
  })

  it('delivers the last bytes before an end of stream that comes with them', async () => {
    const length = 100 * KiB + 17
    const server = await serve(wire, {
      onRequest: ({ socket, target }) => {
        socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')
        socket.end(pattern(idOf(target), 0, length))
      },
    })
    const results = await Promise.all(
      Array.from({ length: 32 }, (_, id) =>
        receive(openConnection(wire, server), id, seeded(id + 11)),
      ),
    )
    expect(results.map(({ judge }) => judge.wrong)).toEqual(results.map(() => undefined))
    expect(results.map(({ judge }) => judge.received)).toEqual(results.map(() => length))
  })

  it('stops reading while nobody takes what came', async () => {
    let written = 0
    const server = await serve(wire, {
      onConnection: (socket, id) => {
        const pump = (): void => {
          while (written < 256 * MiB && socket.write(pattern(id, written, MiB))) written += MiB
        }
        socket.on('drain', pump)
        pump()
      },
    })
    const socket = openSocket(wire, server.port)
    await connected(socket)
    await wait(150)
    const before = written
    await wait(100)
    // What the kernels hold between the two ends differs by machine.
    expect(written).toBe(before)
    expect(written).toBeLessThan(64 * MiB)
    expect(socket.readableLength).toBeLessThanOrEqual(4 * MiB)
    socket.destroy()
  })
})

function idLine(id: number): Buffer {
  return Buffer.from(String(id).padStart(8, '0'))
}

function connected(socket: Socket): Promise<void> {
  const event = socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect'
  return new Promise((resolve, reject) => {
    socket.once(event, resolve).once('error', reject)
  })
}

/**
 * Reads eight digits that name the stream, then `length` bytes of its pattern, the way undici
 * does. After a piece it may look away for as many milliseconds as `pauseMs` says.
 */
function readPatterned(
  socket: Socket,
  length: number,
  pauseMs: () => number = () => 0,
): Promise<Judge> {
  return new Promise((resolve, reject) => {
    let judge: Judge | undefined
    let isAway = false
    const read = (): void => {
      while (!isAway) {
        const chunk: unknown = judge === undefined ? socket.read(8) : socket.read()
        if (!Buffer.isBuffer(chunk)) return
        if (judge === undefined) judge = new Judge(Number(chunk.toString()))
        else judge.take(chunk)
        if (judge.received >= length) return resolve(judge)
        const ms = pauseMs()
        isAway = ms > 0
        if (isAway) setTimeout(comeBack, ms)
      }
    }
    const comeBack = (): void => {
      isAway = false
      read()
    }
    socket.on('error', reject).on('readable', read)
    read()
  })
}

/** The headers of the answer to `/id`. */
function headersOf(connection: Connection, id: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let headers: unknown
    connection.client.dispatch(
      { method: 'GET', path: `/${id}`, headers: [], body: null, reset: false },
      {
        onRequestStart: () => connection.bypass.arm(undefined),
        onResponseStart: (_controller, _status, received) => void (headers = received),
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(headers),
        onResponseError: (_controller, error) => reject(error),
      },
    )
  })
}
