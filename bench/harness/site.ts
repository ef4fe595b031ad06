/**
 * Where a benchmark takes place: a store, and a way to know what it holds. Content is that of
 * `bench/server/content.ts`: known from key and size alone, on both sides.
 */

import type { ServerAddress } from '../peers/peer.ts'

/** Totals since the start. */
export interface SiteStats {
  readonly connections: number
  readonly requests: number
  /** Those that were neither a listing nor a HEAD. */
  readonly moves: number
  readonly cpuSeconds: number
}

/** One object, or many below a prefix that ends with a slash. Sizes are bytes. */
export interface ObjectSet {
  readonly key: string
  readonly count: number
  readonly size: number
}

export interface Site extends AsyncDisposable {
  readonly address: ServerAddress
  /** Says in what was verified, for the report. */
  readonly receivedBy: string
  /**
   * Makes objects to be downloaded.
   * @param modifiedMs what they are to say of their time, where the site can choose. Epoch milliseconds
   */
  publish(objects: ObjectSet, modifiedMs?: number): Promise<void>
  /** @throws Error unless exactly these objects were uploaded, with every byte in its place. */
  verifyReceived(objects: ObjectSet): Promise<void>
  /** Removes uploaded objects. */
  forget(objects: ObjectSet): Promise<void>
  /** Removes them, and those that were published. */
  clear(objects: ObjectSet): Promise<void>
  /** Undefined where the store does not tell. */
  stats(): Promise<SiteStats | undefined>
}
