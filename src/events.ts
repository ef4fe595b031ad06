/**
 * What can be heard of an engine: one plain object per event. Adding a field is not breaking.
 *
 * The same moments are published on `node:diagnostics_channel` as `transfer-engine:<event>`, which
 * costs nothing while nobody listens. A listener that throws does not harm a transfer: the first
 * time, a process warning names it.
 */

import { channel, type Channel } from 'node:diagnostics_channel'
import type { TransferError } from './errors.ts'
import type { PoolEvent } from './pool/pool-event.ts'
import type { ObjectRef } from './store/types.ts'

/** Which transfer an event is about. */
export interface TransferInfo {
  /** Unique within the engine, ascending in the order of submission. */
  readonly id: number
  readonly kind: 'upload' | 'download' | 'read' | 'copy'
  readonly bucket: string
  readonly key: string
  /** The local file, if there is one. */
  readonly path: string | undefined
  /** The object that is copied; bucket and key are those of the copy. */
  readonly source?: ObjectRef | undefined
}

/** Bytes of a transfer. */
export interface ProgressEvent {
  readonly transfer: TransferInfo
  /** Bytes moved. Goes back when an attempt is lost; equals `total` only after verification. */
  readonly transferred: number
  /** `undefined` for a stream whose end is not known yet. */
  readonly total: number | undefined
  /** Change since the last event; negative after a lost attempt. */
  readonly delta: number
}

export interface TransferEvents {
  /** A transfer left the queue and its plan is made. */
  readonly start: {
    readonly transfer: TransferInfo
    readonly size: number | undefined
    /** Requests that move payload; `undefined` for a stream of unknown length. */
    readonly parts: number | undefined
    readonly partSize: number
  }
  /** An earlier process left something of the same transfer. */
  readonly resume: {
    readonly transfer: TransferInfo
    /** Whether it is gone on with; otherwise the transfer begins anew. */
    readonly resumed: boolean
    /** Bytes kept without another look. Those that are hashed first are counted as they are kept. */
    readonly keptBytes: number
    /** Why it begins anew, as one sentence. */
    readonly reason: string | undefined
  }
  /** A part arrived and was checked. */
  readonly part: {
    readonly transfer: TransferInfo
    readonly partNumber: number
    readonly bytes: number
    readonly elapsedMs: number
    readonly attempt: number
    readonly workerId: number
  }
  /** An attempt failed and another follows. */
  readonly retry: {
    readonly transfer: TransferInfo
    readonly partNumber: number | undefined
    readonly attempt: number
    readonly delayMs: number
    readonly error: TransferError
  }
  /** At most ten a second per transfer. */
  readonly progress: ProgressEvent
  /** The transfer is over, cleaned up after, and verified if `error` is absent. */
  readonly end: {
    readonly transfer: TransferInfo
    readonly elapsedMs: number
    readonly error: TransferError | undefined
  }
  /**
   * Something happened to a connection of a worker. Workers tell only while somebody listens; a
   * subscriber to the diagnostics channel is noticed with the next request. Connections that end
   * with their thread are counted (`closed.shutdown`) and not told of.
   */
  readonly pool: PoolEvent
}

export type EventName = keyof TransferEvents
export type Listener<E extends EventName> = (event: TransferEvents[E]) => void

const EVENT_NAMES: readonly EventName[] = [
  'start',
  'resume',
  'part',
  'retry',
  'progress',
  'end',
  'pool',
]

export class EventHub {
  readonly #listeners = new Map<EventName, Set<(event: never) => void>>()
  readonly #channels: ReadonlyMap<EventName, Channel>
  /** Told when listeners were added or removed. */
  onListeners: (() => void) | undefined
  #warned = false

  constructor() {
    this.#channels = new Map(EVENT_NAMES.map((name) => [name, channel(`transfer-engine:${name}`)]))
  }

  on<E extends EventName>(name: E, listener: Listener<E>): void {
    const listeners = this.#listeners.get(name) ?? new Set()
    listeners.add(listener)
    this.#listeners.set(name, listeners)
    this.onListeners?.()
  }

  off<E extends EventName>(name: E, listener: Listener<E>): void {
    this.#listeners.get(name)?.delete(listener)
    this.onListeners?.()
  }

  /** Whether anybody would hear it: what costs to make is made only then. */
  hears(name: EventName): boolean {
    const listeners = this.#listeners.get(name)
    return (listeners?.size ?? 0) > 0 || this.#channels.get(name)?.hasSubscribers === true
  }

  emit<E extends EventName>(name: E, event: TransferEvents[E]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      this.guard(() => listener(event as never))
    }
    const subscribers = this.#channels.get(name)
    if (subscribers?.hasSubscribers === true) subscribers.publish(event)
  }

  /** Runs a callback of the user's. */
  guard(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      if (this.#warned) return
      this.#warned = true
      const reason = error instanceof Error ? error.message : String(error)
      process.emitWarning(`A listener threw: ${reason}`, { type: 'TransferEngineWarning' })
    }
  }
}
