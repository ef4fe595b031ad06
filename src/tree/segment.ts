/**
 * One stretch of the key space, scanned page after page: everything behind `after`, up to and with
 * `until`. Stretches that touch hold each key exactly once, wherever they touch.
 */

import { TransferError } from '../errors.ts'
import { compareKeys } from '../store/key-order.ts'
import type { ListObjectsOptions, ListedObject, ObjectPage } from '../store/object-store.ts'
import { KeyRuler } from './key-ruler.ts'

/** Pages in a segment that was cut, as far as they can be guessed. */
const SEGMENT_PAGES = 4

/** Segments that one page is enough to guess. */
const SEGMENTS_PER_CUT = 2

/** A piece of a listing. */
export interface ListedPage {
  readonly objects: readonly ListedObject[]
  readonly prefixes: readonly string[]
}

/** Asks the store for a page; retries and all. */
export type AskPage = (
  where: Pick<ListObjectsOptions, 'startAfter' | 'token'>,
) => Promise<ObjectPage>

export class Segment {
  /** Pages that came and were not handed out yet. */
  readonly pages: ListedPage[] = []
  isBusy = false
  /** Nothing more will come. */
  isDone = false
  failure: unknown
  /** Names that came, and how many of them lay inside. */
  fetched = 0
  kept = 0
  readonly #ask: AskPage
  readonly #skipTo: string | undefined
  // The page that came last, as it came, until somebody looked at how dense its keys lie.
  #unmeasured: readonly ListedObject[] = []
  #position: string | undefined
  #until: string | undefined
  // What came from behind `#until`, until the segment there has answered.
  #beyond: readonly ListedObject[] = []
  #isProven: boolean
  #token: string | undefined
  // Since a name came: a store that answers with the same places for ever must not hold us for ever.
  readonly #tokens = new Set<string>()

  /** @param skipTo of what the store cannot leave out: keys up to and with it are dropped here */
  constructor(ask: AskPage, after: string | undefined, until: string | undefined, skipTo?: string) {
    this.#ask = ask
    this.#position = after
    this.#until = until
    this.#skipTo = skipTo
    this.#isProven = after === undefined
  }

  /** Whether the store begins where it was told to: not all do. */
  get isProven(): boolean {
    return this.#isProven
  }

  /** Pages held, the one on its way included. */
  get held(): number {
    return this.pages.length + (this.isBusy ? 1 : 0)
  }

  get canFetch(): boolean {
    return !this.isBusy && !this.isDone && this.failure === undefined
  }

  /**
   * Ends some pages ahead, as far as the page that came last lets that be guessed, and begins others
   * there. None when it seems to be short, or when that page was looked at before.
   */
  cut(prefix: string): readonly Segment[] {
    const keys = this.#unmeasured
    this.#unmeasured = []
    if (this.isDone || keys.length < 2) return []
    const ruler = new KeyRuler(
      keys.map(({ key }) => key),
      prefix,
    )
    const cuts: Segment[] = []
    for (let count = 1; count <= SEGMENTS_PER_CUT; count += 1) {
      const from = cuts.at(-1) ?? this
      const place = ruler.ahead(count * SEGMENT_PAGES)
      // What would be left must be worth a segment of its own.
      const beyond = ruler.ahead((count + 0.5) * SEGMENT_PAGES) ?? place
      if (place === undefined || !from.#contains(place) || !from.#contains(beyond ?? place)) break
      cuts.push(from.#splitAt(place))
    }
    return cuts
  }

  /** Takes over what the segment behind was to scan, and goes on by the places the store gives. */
  absorb(behind: Segment): void {
    this.#until = behind.#until
    if (!this.isDone) return
    const objects = this.#beyond
    this.#keep({ objects, prefixes: [], next: this.#token })
  }

  /** Fetches the next page. Never rejects: a failure is kept until a reader gets here. */
  async fetch(): Promise<void> {
    this.isBusy = true
    try {
      this.#take(await this.#ask({ startAfter: this.#position, token: this.#token }))
    } catch (error) {
      this.failure = error
    }
    this.isBusy = false
  }

  /** Whether a place lies behind all that came, and before the end. */
  #contains(place: string): boolean {
    if (this.#until !== undefined && compareKeys(place, this.#until) >= 0) return false
    return this.#position === undefined || compareKeys(place, this.#position) > 0
  }

  #splitAt(place: string): Segment {
    const rest = new Segment(this.#ask, place, this.#until)
    this.#until = place
    return rest
  }

  #take(page: ObjectPage): void {
    const { objects, prefixes, next } = page
    this.#watch(next, objects.length + prefixes.length)
    this.#unmeasured = objects
    this.#isProven = true
    this.fetched += objects.length + prefixes.length
    this.#keep(page)
  }

  #keep({ objects, prefixes, next }: ObjectPage): void {
    const last = laterOf(objects.at(-1)?.key, prefixes.at(-1))
    // The end may have come nearer while the page was on its way.
    const until = this.#until
    const isOver = until !== undefined && last !== undefined && compareKeys(last, until) >= 0
    const end = isOver ? countUpTo(objects, until) : objects.length
    const begin = this.#skipTo === undefined ? 0 : Math.min(end, countUpTo(objects, this.#skipTo))
    const inside = objects.slice(begin, end)
    if (inside.length + prefixes.length > 0) this.pages.push({ objects: inside, prefixes })
    this.#beyond = objects.slice(end)
    this.kept += inside.length + prefixes.length
    this.#position = last ?? this.#position
    this.#token = next
    this.isDone = isOver || next === undefined
  }

  #watch(next: string | undefined, names: number): void {
    if (names > 0) this.#tokens.clear()
    if (next === undefined) return
    if (next === this.#token || this.#tokens.has(next)) {
      const context = { operation: 'ListObjectsV2' }
      throw new TransferError(
        'ERR_RESPONSE_INVALID',
        'The answer to ListObjectsV2 does not go on.',
        context,
      )
    }
    this.#tokens.add(next)
  }
}

function laterOf(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return compareKeys(a, b) > 0 ? a : b
}

/** How many of them, ascending, are not behind a place. */
function countUpTo(objects: readonly ListedObject[], place: string): number {
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareKeys((objects[middle] as ListedObject).key, place) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
