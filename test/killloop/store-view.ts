/** What the checks of the kill loop see of a store, and how it looks for one in the same process. */

import { setTimeout as delay } from 'node:timers/promises'
import type { LocalStore } from 'transfer-engine/testing'
import { nameOf, type Send } from './ledger.ts'
import { PART_SIZE } from './plan.ts'

export const BUCKET = 'kill'

export interface StoreAddress {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** An open upload. */
export interface UploadSeen {
  readonly key: string
  readonly uploadId: string
  readonly parts: number
}

/** Synchronous where a moment is looked at. */
export interface StoreView {
  readonly address: StoreAddress
  /** The bytes at a key, in pieces; `undefined` when there is no object. */
  object(key: string): Iterable<Uint8Array> | undefined
  /** Open uploads. */
  uploads(): readonly UploadSeen[]
  /** Parts of uploads that the store has taken, see `nameOf`. */
  stored(): ReadonlySet<string>
  /** How many parts open uploads have. */
  partCount(): number
  /** Requests that moved bytes of a key, from the start. */
  sends(key: string): readonly Send[]
  /** Waits until the store has seen what a command that is dead had sent. */
  settled(): Promise<void>
}

/** Operations that move bytes. */
const MOVING: readonly string[] = ['UploadPart', 'PutObject', 'GetObject']

/** Turns of the event loop in which all that was sent is read. Milliseconds. Source: none, plenty. */
const SETTLE_MS = 50

/** A request as far as it tells what it moves. */
export interface MovingRequest {
  readonly operation: string
  readonly startedAt: number
  readonly uploadId?: string | undefined
  readonly partNumber?: number | undefined
  readonly range?: string | undefined
}

/** `undefined` for requests that move no bytes. */
export function sendOf(request: MovingRequest, life: number, partSize: number): Send | undefined {
  const { operation, startedAt: at, uploadId: upload = '', partNumber, range } = request
  if (!MOVING.includes(operation)) return undefined
  // A body that broke goes on in the middle of its range.
  const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  return { upload, part: partNumber ?? Math.floor(start / partSize) + 1, at, life }
}

export class MemoryView implements StoreView {
  readonly #store: LocalStore

  constructor(store: LocalStore) {
    this.#store = store
  }

  get address(): StoreAddress {
    const { endpoint, region, credentials } = this.#store
    return { endpoint, region, credentials }
  }

  object(key: string): Iterable<Uint8Array> | undefined {
    const object = this.#store.objects(BUCKET).find((each) => each.key === key)
    return object && [object.bytes()]
  }

  uploads(): readonly UploadSeen[] {
    return this.#store.uploads()
  }

  partCount(): number {
    return this.uploads().reduce((sum, { parts }) => sum + parts, 0)
  }

  /** The status is set once a part is taken, whether or not its answer went out. */
  stored(): ReadonlySet<string> {
    const taken = this.#store.requests.entries({ operation: 'UploadPart', status: 200 })
    return new Set(
      taken.map(({ uploadId: upload = '', partNumber: part = 0 }) => nameOf({ upload, part })),
    )
  }

  sends(key: string): readonly Send[] {
    return this.#store.requests
      .entries({ key })
      .map((entry) => sendOf(entry, 1, PART_SIZE))
      .filter((send) => send !== undefined)
  }

  async settled(): Promise<void> {
    await delay(SETTLE_MS)
  }
}
