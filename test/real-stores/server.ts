/** A real store as a child: started on loopback, watched, and stopped by its process id. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, rmSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { StoreAddress } from '../killloop/store-view.ts'
import { assertLoopbackOnly } from './loopback.ts'
import type { Place, StoreKind } from './store-kind.ts'

/** Longest time until it answers. Milliseconds. Source: none; SeaweedFS elects a master first. */
const START_MS = 60_000

/** Time between two looks whether it answers. Milliseconds. */
const LOOK_MS = 100

/** How long it may take to end by itself. Milliseconds. */
const STOP_MS = 10_000

/** How much of what it printed is shown when it fails. Characters. */
const TAIL = 2000

export class RealServer {
  readonly address: StoreAddress
  readonly #child: ChildProcess
  readonly #dir: string
  /** Ends it with this process, however that ends. */
  readonly #onExit = (): void => {
    this.#child.kill('SIGKILL')
    rmSync(this.#dir, { recursive: true, force: true })
  }

  private constructor(child: ChildProcess, dir: string, address: StoreAddress) {
    this.#child = child
    this.#dir = dir
    this.address = address
    process.once('exit', this.#onExit)
  }

  /** @throws Error when it does not come up, or is not on loopback only */
  static async start(kind: StoreKind, program: string): Promise<RealServer> {
    const dir = await mkdtemp(join(tmpdir(), `transfer-engine-${kind.name}-`))
    const ports = await freePorts(kind.ports)
    const place: Place = { program, dir, ports, keys: kind.makeKeys(), region: kind.region }
    const { args, env = {} } = await kind.launch(place)
    const child = spawn(program, [...args], {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Nothing of the person who runs it: neither settings nor keys.
      env: { PATH: process.env['PATH'], HOME: dir, ...env },
    })
    const endpoint = `http://127.0.0.1:${ports[0]}`
    const { keys, region } = place
    const server = new RealServer(child, dir, { endpoint, region, credentials: keys })
    try {
      server.#log()
      await server.#answers()
      await kind.setUp?.(place)
      await server.#isSafe()
      return server
    } catch (error) {
      const said = await server.#said()
      await server.stop()
      throw new Error(`${kind.title} did not start: ${said}`, { cause: error })
    }
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Ends it, and removes all it has stored. */
  async stop(): Promise<void> {
    if (this.isRunning && this.#child.pid !== undefined) {
      const gone = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
      await gone
      clearTimeout(late)
    }
    process.off('exit', this.#onExit)
    await rm(this.#dir, { recursive: true, force: true })
  }

  #log(): void {
    const file = createWriteStream(this.#logPath)
    this.#child.stdout?.pipe(file, { end: false })
    this.#child.stderr?.pipe(file, { end: false })
    // Why it cannot be started is told by the wait for its answer.
    this.#child.once('error', () => undefined)
  }

  async #answers(): Promise<void> {
    const end = Date.now() + START_MS
    while (this.isRunning && this.#child.pid !== undefined && Date.now() < end) {
      const answer = await fetch(this.address.endpoint, { method: 'HEAD' }).catch(() => undefined)
      if (answer !== undefined && answer.status < 500) return
      await delay(LOOK_MS)
    }
    throw new Error('it gave no answer')
  }

  async #isSafe(): Promise<void> {
    await assertLoopbackOnly(this.#child.pid ?? 0)
  }

  async #said(): Promise<string> {
    const text = await readFile(this.#logPath, 'utf8').catch(() => '')
    return text.slice(-TAIL)
  }

  get #logPath(): string {
    return join(this.#dir, 'log')
  }
}

/** Ports nobody listens at; others may take one meanwhile, which then fails the start. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address !== null && typeof address === 'object') ports.push(address.port)
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
