/** A store as a process of its own: started, killed with SIGKILL, and started again where it was. */

import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { DiskView } from './disk-view.ts'
import type { Send } from './ledger.ts'
import type { LoggedRequest, StoreStart } from './store-process.ts'
import { BUCKET, sendOf, type StoreAddress, type StoreView } from './store-view.ts'

const ENTRY = fileURLToPath(new URL('./store-process.js', import.meta.url))

/** Time in which a store reads what was sent before. Milliseconds. Source: none, plenty. */
const SETTLE_MS = 100

export class ChildStore extends DiskView implements StoreView {
  readonly #dir: string
  readonly #partSize: number
  readonly #credentials = {
    accessKeyId: 'KILLLOOP',
    secretAccessKey: randomBytes(24).toString('base64url'),
  }
  #child: ChildProcess | undefined
  #port = 0
  #life = 0

  private constructor(dir: string, partSize: number) {
    super(join(dir, 'store'))
    this.#dir = dir
    this.#partSize = partSize
  }

  /** @param dir where it keeps its objects and its log; made */
  static async start(dir: string, partSize: number): Promise<ChildStore> {
    await mkdir(dir)
    const store = new ChildStore(dir, partSize)
    await store.revive()
    return store
  }

  get address(): StoreAddress {
    const endpoint = `http://127.0.0.1:${this.#port}`
    return { endpoint, region: 'us-east-1', credentials: this.#credentials }
  }

  /** Requests of all lives, in order. */
  requests(): readonly LoggedRequest[] {
    // The last line may be torn.
    const lines = readFileSync(this.#log, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as LoggedRequest)
  }

  sends(key: string): readonly Send[] {
    return this.requests()
      .filter((request) => request.key === key)
      .map((request) => sendOf(request, request.life, this.#partSize))
      .filter((send) => send !== undefined)
  }

  /** One that is busy answers late: so it is asked something before and after. */
  async settled(): Promise<void> {
    await this.#answers()
    await delay(SETTLE_MS)
    await this.#answers()
  }

  /** Starts it, on the port it had. */
  async revive(): Promise<void> {
    this.#life += 1
    const start: StoreStart = {
      dir: join(this.#dir, 'store'),
      port: this.#port,
      buckets: [BUCKET],
      credentials: this.#credentials,
      log: this.#log,
      life: this.#life,
    }
    const child = fork(ENTRY, [JSON.stringify(start)])
    this.#child = child
    const gone = once(child, 'exit').then(() => undefined)
    const first = await Promise.race([once(child, 'message'), gone])
    if (first === undefined) throw new Error('the store did not start')
    this.#port = Number(first[0])
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** Refused without a signature, or by a port nobody listens at; either is an answer. */
  async #answers(): Promise<void> {
    await fetch(this.address.endpoint).catch(() => undefined)
  }

  get #log(): string {
    return join(this.#dir, 'requests.jsonl')
  }
}
