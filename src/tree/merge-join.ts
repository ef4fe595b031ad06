/**
 * Two sorted sequences of entries → one of pairs by name, holding one entry of each. Believes
 * neither to be sorted: where one is not, names would be told missing that are there, and a sync
 * that deletes would delete them.
 */

import { TransferError } from '../errors.ts'
import { compareKeys } from '../store/key-order.ts'

/** A name, and what there is of it; at least one of the two. */
export interface Pair<S, D> {
  readonly name: string
  readonly source?: S
  readonly destination?: D
}

/** One side of the join. */
export interface Side<T> {
  /** In the order of `compareKeys`, no name twice. */
  readonly entries: AsyncIterable<T>
  /** Where they come from: disorder among files is a fault of ours, among objects one of the store. */
  readonly kind: 'files' | 'objects'
}

/**
 * Pairs in the order of their names. Both sides are closed when it ends, however it ends.
 * @throws (rejects) what a side throws; ERR_INTERNAL or ERR_RESPONSE_INVALID for one out of order
 */
export async function* mergeJoin<
  S extends { readonly name: string },
  D extends { readonly name: string },
>(source: Side<S>, destination: Side<D>): AsyncGenerator<Pair<S, D>, void, void> {
  const sources = new Cursor('source', source)
  const destinations = new Cursor('destination', destination)
  try {
    await Promise.all([sources.advance(), destinations.advance()])
    for (;;) {
      const [left, right] = [sources.entry, destinations.entry]
      if (left === undefined && right === undefined) return
      const order = orderOf(left, right)
      if (left !== undefined && order < 0) {
        yield { name: left.name, source: left }
        await sources.advance()
      } else if (right !== undefined && order > 0) {
        yield { name: right.name, destination: right }
        await destinations.advance()
      } else if (left !== undefined && right !== undefined) {
        yield { name: left.name, source: left, destination: right }
        await Promise.all([sources.advance(), destinations.advance()])
      }
    }
  } finally {
    await Promise.allSettled([sources.close(), destinations.close()])
  }
}

interface Named {
  readonly name: string
}

function orderOf(left: Named | undefined, right: Named | undefined): number {
  if (left === undefined) return 1
  return right === undefined ? -1 : compareKeys(left.name, right.name)
}

/** Where a side is read, and the proof of its order. */
class Cursor<T extends Named> {
  /** What is next; `undefined` at the end. */
  entry: T | undefined
  readonly #role: string
  readonly #kind: Side<T>['kind']
  readonly #entries: AsyncIterator<T>

  constructor(role: string, side: Side<T>) {
    this.#role = role
    this.#kind = side.kind
    this.#entries = side.entries[Symbol.asyncIterator]()
  }

  async advance(): Promise<void> {
    const last = this.entry
    const { done, value } = await this.#entries.next()
    this.entry = done === true ? undefined : value
    if (last === undefined || this.entry === undefined) return
    if (compareKeys(last.name, this.entry.name) < 0) return
    throw this.#disorder(last.name, this.entry.name)
  }

  /** Lets the side go; nothing to do for one that is at its end. */
  async close(): Promise<void> {
    await this.#entries.return?.()
  }

  #disorder(last: string, next: string): TransferError {
    const names = `${JSON.stringify(next)} came after ${JSON.stringify(last)}`
    return this.#kind === 'objects'
      ? new TransferError(
          'ERR_RESPONSE_INVALID',
          `The store does not list the ${this.#role} in the order of its keys: ${names}.`,
        )
      : new TransferError(
          'ERR_INTERNAL',
          `The files of the ${this.#role} are not in the order of their names: ${names}.`,
        )
  }
}
