/**
 * What holds for every sequence of answers, however their bytes are cut into pieces, wherever they
 * break, and whatever they are read into: each byte that a job says it received lies in its place
 * and is in the digest, and none lies anywhere else.
 *
 * Method: jobs run through the runner of a worker, over one to three connections, plain, TLS, or TLS in a tunnel. Each
 * reads a range of one object; its number, the key, tells the server how to answer.
 */

import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ByteLocation, PartResult } from '../../src/pool/protocol.ts'
import { startConnectProxy } from '../helpers/connect-proxy.ts'
import { startRawServer, type RawRequest } from '../helpers/raw-server.ts'
import { selfSigned } from '../helpers/self-signed.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { getJob, makeRunner, routeTo } from '../unit/workers/runner-fixture.ts'

const KiB = 1024
const MiB = 1024 * KiB
const LENGTH_MAX = 3 * MiB
const OBJECT = testBytes(LENGTH_MAX + 64 * KiB)
const secure = selfSigned()
const directory = useTemporaryDirectory()

/** Time given to fast-check; what is under way then is finished. Milliseconds. */
const TIME_LIMIT = 8000

const length = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 3, arbitrary: fc.integer({ min: 64 * KiB - 3, max: 64 * KiB + 3 }) },
  { weight: 3, arbitrary: fc.integer({ min: 100 * KiB, max: 600 * KiB }) },
  { weight: 3, arbitrary: fc.integer({ min: MiB - 200, max: MiB + 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 2 * MiB, max: LENGTH_MAX }) },
)

const pieces = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 100, max: 20_000 }),
    fc.integer({ min: 16 * KiB - 2, max: 16 * KiB + 2 }),
    fc.integer({ min: 100_000, max: MiB }),
  ),
  { maxLength: 8 },
)

const kinds = ['plain', 'plain', 'interim', 'close', 'chunked', 'error', 'cut', 'cut'] as const

const anyJob = fc.record({
  kind: fc.constantFrom(...kinds),
  length,
  offset: fc.integer({ min: 0, max: 64 * KiB }),
  into: fc.constantFrom('memory', 'file'),
  /** Distance to the region of the job before, in memory or in the file. */
  gap: fc.integer({ min: 0, max: 24 }),
  /** Sizes of the first pieces and of the last; what is between is written at once. */
  front: pieces,
  back: pieces,
  pauses: fc.constantFrom('none', 'turns', 'ms'),
  /** Where a body is cut, in thousandths of its length. */
  cutAt: fc.integer({ min: 0, max: 999 }),
  cutBy: fc.constantFrom('end', 'reset'),
})

type Job = typeof anyJob extends fc.Arbitrary<infer T> ? T : never

// Nothing of an empty body is missing when it is cut.
const job = anyJob.filter(({ kind, length }) => kind !== 'cut' || length > 0)

const run = fc.record({
  wire: fc.constantFrom('plain', 'TLS', 'tunnel'),
  connections: fc.integer({ min: 1, max: 3 }),
  jobs: fc.array(job, { minLength: 1, maxLength: 6 }),
})

type Run = typeof run extends fc.Arbitrary<infer T> ? T : never

/** Bytes of its body that an answer brings. */
function sentOf({ kind, length, cutAt }: Job): number {
  if (kind === 'error') return 0
  return kind === 'cut' ? Math.floor((length * cutAt) / 1000) : length
}

function answerOf(job: Job): Buffer {
  const { kind, length, offset } = job
  if (kind === 'error') {
    const text = '<Error><Code>SlowDown</Code></Error>'
    return Buffer.from(`HTTP/1.1 503 Slow\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
  }
  const body = OBJECT.subarray(offset, offset + sentOf(job))
  const range = `content-range: bytes ${offset}-${offset + length - 1}/${OBJECT.length}\r\n`
  const status = length === 0 ? '200 OK\r\n' : `206 Partial Content\r\n${range}`
  const framing =
    kind === 'chunked' ? 'transfer-encoding: chunked' : `Content-Length: ${String(length)}`
  const close = kind === 'close' ? 'connection: close\r\n' : ''
  const interim = kind === 'interim' ? 'HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\n' : ''
  const head = `${interim}HTTP/1.1 ${status}etag: "etag"\r\n${close}${framing}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), ...(kind === 'chunked' ? chunksOf(body) : [body])])
}

function chunksOf(body: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += 150_000) {
    const chunk = body.subarray(at, at + 150_000)
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  return [...chunks, Buffer.from('0\r\n\r\n')]
}

/** Where the pieces of an answer begin and end. */
function cutsOf(total: number, { front, back }: Job): number[] {
  const cuts = [0]
  for (const size of front) cuts.push(Math.min(total, (cuts.at(-1) ?? 0) + size))
  const tail = [total]
  for (const size of back) tail.unshift(Math.max(cuts.at(-1) ?? 0, (tail[0] ?? 0) - size))
  return [...cuts, ...tail]
}

async function serve(job: Job, socket: Socket): Promise<void> {
  const bytes = answerOf(job)
  const cuts = cutsOf(bytes.length, job)
  for (const [index, end] of cuts.entries()) {
    const start = cuts[index - 1] ?? 0
    if (end === start || socket.destroyed) continue
    await new Promise<void>((resolve) => socket.write(bytes.subarray(start, end), () => resolve()))
    if (job.pauses === 'turns') await new Promise((resolve) => setImmediate(resolve))
    if (job.pauses === 'ms') await new Promise((resolve) => setTimeout(resolve, 1))
  }
  if (job.kind === 'close' || (job.kind === 'cut' && job.cutBy === 'end')) socket.end()
  else if (job.kind === 'cut') {
    // Node resets plain sockets only.
    if (socket instanceof TLSSocket) socket.destroy()
    else socket.resetAndDestroy()
  }
}

/** Regions one behind the other, in memory and in a file of marked bytes. */
class Sinks implements Disposable {
  readonly #memory: SharedArrayBuffer
  readonly #path = join(directory(), 'sink.bin')
  readonly #fd: number
  readonly #jobs: readonly Job[]
  readonly #offsets: number[] = []

  constructor(jobs: readonly Job[]) {
    this.#jobs = jobs
    let end = 0
    for (const { gap, length } of jobs) {
      this.#offsets.push(end + gap)
      end += gap + length
    }
    this.#memory = new SharedArrayBuffer(end + 8)
    Buffer.from(this.#memory).fill('.')
    writeFileSync(this.#path, Buffer.alloc(end + 8, '.'))
    this.#fd = openSync(this.#path, 'r+')
  }

  locationOf(index: number): ByteLocation {
    const offset = this.#offsets[index] ?? NaN
    return this.#jobs[index]?.into === 'file'
      ? { kind: 'file', fd: this.#fd, offset }
      : { kind: 'memory', buffer: this.#memory, offset }
  }

  /** Whether exactly the first `received[index]` bytes of each region are there, and no others. */
  differences(received: readonly number[]): string[] {
    const wrong: string[] = []
    const actual = { memory: Buffer.from(this.#memory), file: readFileSync(this.#path) }
    for (const into of ['memory', 'file'] as const) {
      const wanted = Buffer.alloc(this.#memory.byteLength, '.')
      for (const [index, job] of this.#jobs.entries()) {
        if (job.into !== into) continue
        const at = this.#offsets[index] ?? NaN
        wanted.set(OBJECT.subarray(job.offset, job.offset + (received[index] ?? 0)), at)
      }
      if (!actual[into].equals(wanted)) wrong.push(`the ${into} differs`)
    }
    return wrong
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/** What is wrong with the answer to a job. */
function judge(job: Job, result: PartResult): string[] {
  const digest = Buffer.alloc(4)
  const received = result.ok ? result.length : result.received
  digest.writeUInt32BE(crc32(OBJECT.subarray(job.offset, job.offset + received)))
  const rules: Record<string, boolean> =
    job.kind === 'error' || job.kind === 'cut'
      ? {
          'should have failed': !result.ok,
          'received more than was sent': received <= sentOf(job),
          'lost bytes': job.cutBy === 'reset' || received === sentOf(job),
          'has a wrong digest': received === 0 || digest.equals(result.digest),
        }
      : {
          'should have succeeded': result.ok,
          'is not whole': received === job.length,
          'has a wrong digest': digest.equals(result.digest),
        }
  return Object.keys(rules)
    .filter((rule) => rules[rule] === false)
    .map((rule) => `a job (${job.kind}, ${job.length} bytes, ${received} received) ${rule}`)
}

it('every byte of every answer is where it belongs, and nowhere else', async () => {
  let served: readonly Job[] = []
  const onRequest = ({ target, socket }: RawRequest): void => {
    const job = served[Number(/\d+$/.exec(target)?.[0])]
    if (job !== undefined) void serve(job, socket)
  }
  await using plain = await startRawServer({ onRequest })
  await using tls = await startRawServer({ onRequest, secure })
  await using proxy = await startConnectProxy()
  const property = async ({ wire, connections, jobs }: Run): Promise<void> => {
    served = jobs
    const { runner } = makeRunner({
      maxConnections: connections,
      tls: { ca: secure.cert, rejectUnauthorized: true },
      proxies: wire === 'tunnel' ? { https: { origin: proxy.url }, bypass: '' } : undefined,
    })
    using sinks = new Sinks(jobs)
    try {
      const results = await runner.run({
        route: routeTo((wire === 'plain' ? plain : tls).origin),
        jobs: jobs.map(({ length, offset }, index) =>
          getJob({
            key: `job-${index}`,
            sink: sinks.locationOf(index),
            offset: length === 0 ? 0 : offset,
            length,
            size: length === 0 ? 0 : OBJECT.length,
            whole: length === 0,
            transferId: (index % 3) + 1,
            slot: index,
          }),
        ),
      })
      const received = results.map((result) => (result.ok ? result.length : result.received))
      const wrong = results.flatMap((result, index) => judge(jobs[index] as Job, result))
      expect([...wrong, ...sinks.differences(received)]).toEqual([])
    } finally {
      runner.close()
    }
  }
  await fc.assert(fc.asyncProperty(run, property), {
    numRuns: 150,
    interruptAfterTimeLimit: TIME_LIMIT,
    endOnFailure: true,
  })
})
