/**
 * One coordinator for a pair of places. The lock runs out by itself when its holder does not renew it, by
 * Redis' clock; one whose process has died on this machine is taken over at once.
 */

import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { TransferError } from '../errors.ts'
import { livenessOf, ownIdentity, type ProcessIdentity } from '../journal/process-identity.ts'
import { sleep } from '../store/abortable.ts'

/** How long a lock holds without being renewed. Milliseconds. Source: none. */
export const LOCK_MS = 15_000

/** Between two looks at a lock that another holds. Milliseconds. Source: none. */
const LOOK_MS = 500

const RENEW = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

const DROP = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

type LockClient = Pick<Redis, 'set' | 'get' | 'pttl' | 'eval'>

interface Holder extends ProcessIdentity {
  readonly token: string
}

export class CoordinatorLock {
  readonly #client: LockClient
  readonly #key: string
  readonly #value: string

  private constructor(client: LockClient, key: string, value: string) {
    this.#client = client
    this.#key = key
    this.#value = value
  }

  /**
   * Waits for a holder that is not heard of any more, and not for one that is.
   * @throws ERR_QUEUE_BUSY while another coordinator is at work, ERR_ABORTED
   */
  static async take(
    client: LockClient,
    key: string,
    signal: AbortSignal,
  ): Promise<CoordinatorLock> {
    const value = JSON.stringify({ ...ownIdentity(), token: randomUUID() } satisfies Holder)
    const lock = new CoordinatorLock(client, key, value)
    let before = Infinity
    for (;;) {
      if ((await client.set(key, value, 'PX', LOCK_MS, 'NX')) === 'OK') return lock
      const [text, left] = [await client.get(key), await client.pttl(key)]
      if (text === null) continue
      const holder = JSON.parse(text) as Holder
      const liveness = livenessOf(holder)
      if (liveness === 'dead') {
        await client.eval(DROP, 1, key, text)
        continue
      }
      // It was renewed meanwhile.
      if (liveness === 'alive' || left > before) throw busy(holder)
      before = left
      await sleep(LOOK_MS, signal)
    }
  }

  /** Takes it again if Redis has forgotten it. @throws ERR_QUEUE_BUSY when another has it now */
  async renew(): Promise<void> {
    const isHeld = await this.#client.eval(RENEW, 1, this.#key, this.#value, LOCK_MS)
    if (isHeld === 1) return
    const text = await this.#client.get(this.#key)
    throw busy(text === null ? undefined : (JSON.parse(text) as Holder))
  }

  async release(): Promise<void> {
    await this.#client.eval(DROP, 1, this.#key, this.#value)
  }
}

function busy(holder: Holder | undefined): TransferError {
  const isHere = holder?.host === ownIdentity().host
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`
  const where = isHere ? 'of this machine' : 'of another machine'
  const message = `The same migration is coordinated by ${who} ${where} at this moment.`
  return new TransferError('ERR_QUEUE_BUSY', message)
}
