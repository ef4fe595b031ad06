/** What a store is asked while a tree is moved, and whether each send had to be. */

import assert from 'node:assert/strict'
import type { LocalStore } from 'transfer-engine/testing'
import { IN_FLIGHT } from './plan.ts'

type Entry = ReturnType<LocalStore['requests']['entries']>[number]

/**
 * How long before a kill something may have arrived and not have been noted yet. Milliseconds. Source:
 * `journal-writer.ts` writes groups of a quarter of a second; the rest is for machines that are busy.
 */
const NOTED_MS = 1000

/** Something that is moved as a whole: an object, or a part or range of one. */
export interface Unit {
  /** The same whenever it is moved. */
  readonly name: string
  readonly key: string
}

/** Operations that move bytes or remove what there is. */
const MOVES: readonly string[] = ['PutObject', 'UploadPart', 'GetObject', 'DeleteObject']

export class TreeWatch {
  readonly #seen: Entry[] = []
  readonly #isHuge: (key: string) => boolean

  /** @param isHuge whether a key is that of an object in parts */
  constructor(store: LocalStore, isHuge: (key: string) => boolean) {
    this.#isHuge = isHuge
    const add = store.requests.add.bind(store.requests)
    // The log of the store forgets the oldest.
    store.requests.add = (entry) => {
      add(entry)
      this.#seen.push(entry)
    }
  }

  /** How many requests came so far. */
  get position(): number {
    return this.#seen.length
  }

  /** Units moved since a position, in order. */
  since(position: number): readonly Unit[] {
    return this.#seen.slice(position).flatMap((entry) => this.#unitOf(entry) ?? [])
  }

  /** Cheaper: how many were begun since then. */
  countSince(position: number): number {
    let count = 0
    for (let at = position; at < this.#seen.length; at += 1) {
      if (MOVES.includes(this.#seen[at]?.operation ?? '')) count += 1
    }
    return count
  }

  /** Whether an upload in parts was made an object of since then. */
  hasCompletedSince(position: number): boolean {
    return this.#seen
      .slice(position)
      .some(({ operation }) => operation === 'CompleteMultipartUpload')
  }

  /** Parts of uploads that the store has taken. */
  partsTaken(): Set<string> {
    const taken = this.#seen.filter((entry) => {
      return entry.operation === 'UploadPart' && entry.status === 200
    })
    return new Set(taken.flatMap((entry) => this.#unitOf(entry)?.name ?? []))
  }

  /** How many units may have to be moved again after a kill: in flight, or not yet noted. */
  lostBy(killedAt: number, position: number): number {
    const late = this.#seen.slice(position).filter(({ operation, startedAt, durationMs = 0 }) => {
      return operation === 'GetObject' && startedAt + durationMs > killedAt - NOTED_MS
    })
    const ranges = late.filter(({ range }) => range !== undefined)
    return IN_FLIGHT + ranges.length
  }

  #unitOf({ operation, key = '', uploadId, partNumber, range }: Entry): Unit | undefined {
    if (!MOVES.includes(operation)) return undefined
    if (operation === 'UploadPart') return { name: `${uploadId}/${partNumber}`, key }
    // Of one that might have been small; nothing of the answer was used.
    if (operation === 'GetObject' && range === undefined && this.#isHuge(key)) return undefined
    return { name: `${operation} ${key} ${range ?? ''}`, key }
  }
}

/** @throws AssertionError when a run moved something that was safe, or something twice */
export function checkRun(units: readonly Unit[], isSafe: (unit: Unit) => boolean): void {
  const begun = new Set<string>()
  for (const unit of units) {
    const what = JSON.stringify(unit.name)
    assert.ok(!isSafe(unit), `${what} is not moved again: it was safe before`)
    assert.ok(!begun.has(unit.name), `${what} is moved once by one run`)
    begun.add(unit.name)
  }
}
