/**
 * A real Redis for tests of queues: `redis-server` (of Debian, or REDIS_SERVER), on loopback, keeping nothing.
 * Where there is none, the tests that need one are skipped and say so.
 */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What starts it; `undefined` without one. */
export function findRedis(): string | undefined {
  const named = process.env['REDIS_SERVER'] ?? 'redis-server'
  try {
    execFileSync(named, ['--version'], { stdio: 'ignore' })
    return named
  } catch {
    console.warn(
      'No redis-server was found: tests of queues are SKIPPED. Install it, or set REDIS_SERVER.',
    )
    return undefined
  }
}

export interface TestRedis {
  readonly url: string
  /** Starts it again, empty, after `kill`. */
  start(): Promise<void>
  /** Ends it at once, with all it had. */
  kill(): Promise<void>
  /** Sends a command as text; returns the answer as Redis writes it. */
  command(text: string): Promise<string>
  close(): Promise<void>
}

/** @param settings as on the command line, such as `--maxmemory 10mb` */
export async function startRedis(
  executable: string,
  settings: readonly string[] = [],
): Promise<TestRedis> {
  const port = await freePort()
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const common = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
    ]
    child = spawn(executable, [...common, ...settings], { stdio: 'ignore' })
    for (let tries = 0; tries < 200; tries += 1) {
      if (await answers(port)) return
      await sleep(25)
    }
    throw new Error('redis-server does not answer')
  }
  const kill = async (): Promise<void> => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const closed = once(running, 'close')
    running.kill('SIGKILL')
    await closed
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    kill,
    command: (text) => ask(port, text),
    close: kill,
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await ask(port, 'PING')) !== ''
  } catch {
    return false
  }
}

async function ask(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`${text}\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString('utf8').trim()
  } finally {
    socket.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A way to a Redis that can be cut, as a network partition cuts it: nothing passes, and nobody is told. */
export interface CuttableWay {
  readonly url: string
  cut(): void
  mend(): void
  close(): Promise<void>
}

export async function cuttableWay(to: string): Promise<CuttableWay> {
  const { port } = new URL(to)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    const ends = [client, upstream]
    for (const [index, end] of ends.entries()) {
      const other = ends[1 - index] as Socket
      sockets.add(end)
      end.on('data', (chunk) => {
        // What is on its way into a cut is gone.
        if (!isCut) other.write(chunk)
      })
      end.on('error', () => undefined)
      end.on('close', () => {
        sockets.delete(end)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: own } = server.address() as AddressInfo
  return {
    url: `redis://127.0.0.1:${own}`,
    cut: () => {
      isCut = true
    },
    mend: () => {
      isCut = false
      // A connection with a hole in it is of no use to anybody.
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
