/**
 * The addresses of host names: which to connect to next.
 *
 * Connections take turns at all addresses of a name, since stores give the name of many front ends
 * and one of them is a limit of its own. One that failed is left to the others for a while, then
 * tried by one connection; when that stands it is as good as any. Behind the first choice the other
 * family comes next, so that a machine with half an IPv6 costs one attempt.
 *
 * Invariant: a name is asked for once at a time; an old answer serves on while no new one is had,
 * and nobody waits long for a new one who has an old one.
 */

import dns from 'node:dns'
import { BoundedMap } from './bounded-map.ts'

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** Finds all addresses of a name. */
export type Lookup = (host: string) => Promise<readonly Address[]>

/**
 * Age from which a name is asked for again when a connection is opened. Milliseconds.
 * Source: `getaddrinfo` tells no time to live; S3's is some seconds, aws-c-s3 trusts an address for
 * 5 minutes; between both, and as long as undici's and most proxies' caches.
 */
export const ADDRESS_AGE_MS = 30_000

/** Least time between two questions for a name that is known. Milliseconds. Source: none. */
export const ASK_INTERVAL_MS = 1000

/**
 * Longest wait for a new answer after an address failed: the name may have moved, and the old
 * addresses be all dead. Milliseconds. Source: none; resolvers that are well answer in some ten.
 */
export const FAIL_OVER_WAIT_MS = 250

/** Names that are remembered. Source: none; buckets may be hosts. */
const NAMES_MAX = 256

/**
 * How long an address that failed is left to the others; doubles with each failure.
 * Milliseconds. Source: none, reasonable defaults: a front end that restarts is back in this time.
 */
export const AVOID_MS = 30_000
export const AVOID_MAX_MS = 480_000

interface Known extends Address {
  failures: number
  /** On the book's clock. */
  avoidUntil: number
}

interface Entry {
  list: readonly Known[]
  answeredAt: number
  askedAt: number
  /** An address of it has failed since. */
  isDoubtful: boolean
  turn: number
  pending: Promise<void> | undefined
}

export class AddressBook {
  readonly #lookup: Lookup
  readonly #now: () => number
  readonly #entries = new BoundedMap<string, Entry>(NAMES_MAX)

  /** Both parameters are for tests. */
  constructor(lookup: Lookup = lookUp, now: () => number = () => performance.now()) {
    this.#lookup = lookup
    this.#now = now
  }

  /**
   * Addresses to try for one connection, best first.
   * @throws (rejects) what the resolver says, when it never had an answer
   */
  async candidates(host: string): Promise<readonly Address[]> {
    const entry = this.#entry(host)
    const ageMs = this.#now() - entry.answeredAt
    if (ageMs >= (entry.isDoubtful ? ASK_INTERVAL_MS : ADDRESS_AGE_MS)) {
      const answered = this.#ask(host, entry)
      if (entry.list.length === 0) await answered
      else if (entry.isDoubtful) await this.#inTime(entry, answered)
    }
    return this.#inOrder(entry)
  }

  /** No connection to the address came about, or one that stood fell silent. */
  failed(host: string, address: string): void {
    const known = this.#find(host, address)
    if (known === undefined) return
    const avoidMs = Math.min(AVOID_MAX_MS, AVOID_MS * 2 ** known.failures)
    known.failures += 1
    known.avoidUntil = this.#now() + avoidMs
    // The name may have moved.
    this.#entry(host).isDoubtful = true
  }

  /** A connection to the address stands. */
  stood(host: string, address: string): void {
    const known = this.#find(host, address)
    if (known === undefined) return
    known.failures = 0
    known.avoidUntil = 0
  }

  #entry(host: string): Entry {
    let entry = this.#entries.get(host)
    if (entry === undefined) {
      entry = {
        list: [],
        answeredAt: -Infinity,
        askedAt: -Infinity,
        isDoubtful: false,
        turn: 0,
        pending: undefined,
      }
      this.#entries.set(host, entry)
    }
    return entry
  }

  #find(host: string, address: string): Known | undefined {
    return this.#entries.get(host)?.list.find((known) => known.address === address)
  }

  /** Rejects only if there is no old answer. */
  #ask(host: string, entry: Entry): Promise<void> {
    if (entry.pending === undefined) {
      entry.askedAt = this.#now()
      entry.pending = this.#answer(host, entry).finally(() => {
        entry.pending = undefined
      })
    }
    return entry.pending
  }

  /** Waits for an answer, but for a silent resolver not once per connection. */
  async #inTime({ askedAt }: Entry, answered: Promise<void>): Promise<void> {
    const leftMs = FAIL_OVER_WAIT_MS - (this.#now() - askedAt)
    if (leftMs <= 0) return
    let timer: NodeJS.Timeout | undefined
    const elapsed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, leftMs)
    })
    await Promise.race([answered, elapsed])
    clearTimeout(timer)
  }

  async #answer(host: string, entry: Entry): Promise<void> {
    let found: readonly Address[]
    try {
      found = await this.#lookup(host)
    } catch (error) {
      if (entry.list.length === 0) throw error
      found = entry.list
    }
    const before = new Map(entry.list.map((known) => [known.address, known]))
    // Threads and processes begin at different addresses.
    if (before.size === 0) entry.turn = Math.floor(Math.random() * found.length)
    entry.list = found.map(
      ({ address, family }) =>
        before.get(address) ?? { address, family, failures: 0, avoidUntil: 0 },
    )
    entry.answeredAt = this.#now()
    entry.isDoubtful = false
  }

  #inOrder(entry: Entry): readonly Address[] {
    const { list } = entry
    const now = this.#now()
    const start = list.length === 0 ? 0 : entry.turn % list.length
    entry.turn += 1
    const rotated = [...list.slice(start), ...list.slice(0, start)]
    const good = rotated.filter((known) => known.avoidUntil <= now)
    const [first, ...others] = good
    // The one that tries it again goes alone.
    if (first !== undefined && first.failures > 0) first.avoidUntil = now + AVOID_MS
    const avoided = rotated
      .filter((known) => !good.includes(known))
      .toSorted((a, b) => a.avoidUntil - b.avoidUntil)
    if (first === undefined) return avoided
    return [
      first,
      ...others.filter(({ family }) => family !== first.family),
      ...others.filter(({ family }) => family === first.family),
      ...avoided,
    ]
  }
}

/** Asks the system, which knows the hosts file as well. */
async function lookUp(host: string): Promise<readonly Address[]> {
  return new Promise((resolve, reject) => {
    dns.lookup(host, { all: true }, (error, found) => {
      if (error) return reject(error)
      resolve(found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })))
    })
  })
}
