/**
 * All objects below a prefix in the order of their keys' bytes, page by page, in flat memory.
 *
 * It begins with one scan, a page ahead of its reader. When that turns out to be long and slower than
 * the reader, what is left of the key space is cut some pages ahead (`key-ruler.ts`) and scanned from
 * there too, and so on: a row of segments that touch, read from the front. Where they are cut is a
 * guess; a bad one costs a request, never a key, and after bad ones it cuts more rarely. A store that does
 * not begin where it is told to shows it by the first page of a segment; then all goes on as one scan.
 */

import { isTransferError } from '../errors.ts'
import { throwIfAborted } from '../store/abortable.ts'
import type { BucketAttributes } from '../store/attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { ScanPace } from './scan-pace.ts'
import { Segment, type AskPage, type ListedPage } from './segment.ts'

/** Pages held at once, those on their way included. A page of 1,000 objects takes some 300 KiB. */
const LISTED_PAGES_MAX = 16

/** Pages ahead of a reader that one scan can serve. */
const AHEAD_OF_SLOW_READER = 2

/** Pages a scan has to have before anything is cut. Source: none; most listings are shorter. */
const PAGES_BEFORE_CUT = 4

/** Pages held by a segment that is not read yet: a bit more than it should have. */
const SEGMENT_PAGES_HELD = 6

/** Pages between cuts, after bad ones. Doubles up to it. */
const PATIENCE_MAX = 64

/** A stretch of the key space: behind `after`, up to and with `upTo`; open where one is not given. */
export interface KeyRange {
  readonly after?: string | undefined
  readonly upTo?: string | undefined
}

export interface ListingOptions {
  readonly bucket: string
  /** Beginning of the keys; all of the bucket when empty. */
  readonly prefix: string
  /** Only keys of a stretch. @default all */
  readonly range?: KeyRange | undefined
  /** Lists one level, what is below it as common prefixes; such a listing is one scan. */
  readonly delimiter?: string | undefined
  readonly attributes?: BucketAttributes | undefined
  readonly signal?: AbortSignal | undefined
  /** Milliseconds, only ever ahead. For tests. */
  readonly now?: (() => number) | undefined
}

/**
 * Pages in order; none is empty. Leaving early cuts what is on its way.
 * @throws what the store's `listObjects` throws, once the reader gets to where it failed
 */
export async function* listPages(
  store: Pick<ObjectStore, 'listObjects'>,
  options: ListingOptions,
): AsyncGenerator<ListedPage, void, undefined> {
  const listing = new Listing(store, options)
  try {
    yield* listing.pages()
  } finally {
    await listing.end()
  }
}

class Listing {
  readonly #prefix: string
  readonly #signal: AbortSignal | undefined
  readonly #now: () => number
  #mayCut: boolean
  readonly #cut = new AbortController()
  readonly #pace = new ScanPace()
  /** In the order of keys; the first is the one being read. */
  readonly #segments: Segment[]
  /** All of it by one scan from the first key, for stores that begin nowhere else. */
  readonly #fromStart: () => Segment
  readonly #underWay = new Set<Promise<void>>()
  #arrived = 0
  #patience = 1
  #nextCutAt = PAGES_BEFORE_CUT
  #wake: () => void = () => undefined

  constructor(store: Pick<ObjectStore, 'listObjects'>, options: ListingOptions) {
    const { bucket, prefix, range = {}, delimiter, attributes, signal } = options
    const { now = () => performance.now() } = options
    this.#prefix = prefix
    this.#signal = signal
    this.#now = now
    this.#mayCut = delimiter === undefined
    const stop =
      signal === undefined ? this.#cut.signal : AbortSignal.any([signal, this.#cut.signal])
    const ask: AskPage = (where) =>
      store.listObjects(bucket, { prefix, delimiter, attributes, ...where, signal: stop })
    this.#segments = [new Segment(ask, range.after, range.upTo)]
    this.#fromStart = () => new Segment(ask, undefined, range.upTo, range.after)
  }

  async *pages(): AsyncGenerator<ListedPage, void, undefined> {
    for (;;) {
      throwIfAborted(this.#signal)
      const front = this.#segments[0]
      if (front === undefined) return
      const page = front.pages.shift()
      this.#fetchAhead()
      if (page !== undefined) {
        const given = this.#now()
        yield page
        this.#pace.read(this.#now() - given)
      } else if (front.failure !== undefined) {
        throw front.failure
      } else if (front.isDone && this.#mayLeaveFront()) {
        this.#segments.shift()
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  /** Cuts what is on its way, and waits for its end. */
  async end(): Promise<void> {
    this.#cut.abort(new Error('the reader stopped'))
    await Promise.all(this.#underWay)
  }

  /** What the front has of the segment behind is needed until that one has answered. */
  #mayLeaveFront(): boolean {
    const behind = this.#segments[1]
    return behind === undefined || behind.isProven || behind.failure !== undefined
  }

  #fetchAhead(): void {
    const requests = this.#pace.requests
    const pagesMax = requests === 1 ? AHEAD_OF_SLOW_READER : LISTED_PAGES_MAX
    for (;;) {
      if (this.#underWay.size >= requests) return
      const held = this.#segments.reduce((sum, segment) => sum + segment.held, 0)
      const segment = this.#nextToFetch(held, pagesMax)
      if (segment !== undefined) this.#fetch(segment)
      else if (requests === 1 || held >= pagesMax - 1 || !this.#cutSomewhere()) return
    }
  }

  /** The first that may go on. Room for a page is kept for the front: all others wait for it. */
  #nextToFetch(held: number, pagesMax: number): Segment | undefined {
    let isFront = true
    for (const segment of this.#segments) {
      if (segment.failure !== undefined) return undefined
      // It only waits for the one behind, which all others wait for then.
      if (segment.isDone && segment.held === 0) continue
      const hasRoom = isFront
        ? held < pagesMax || segment.held === 0
        : held < pagesMax - 1 && segment.held < SEGMENT_PAGES_HELD
      if (hasRoom && segment.canFetch) return segment
      isFront = false
    }
    return undefined
  }

  #fetch(segment: Segment): void {
    const asked = this.#now()
    const fetching = segment.fetch().then(() => {
      this.#underWay.delete(fetching)
      this.#pace.answered(this.#now() - asked)
      this.#arrived += 1
      if (segment.isDone) this.#judge(segment)
      if (segment.failure !== undefined) this.#mergeUnproven(segment)
      this.#wake()
    })
    this.#underWay.add(fetching)
  }

  /** Ends the cutting where the store answers with what was not asked for from the first page on. */
  #mergeUnproven(segment: Segment): void {
    const before = this.#segments[this.#segments.indexOf(segment) - 1]
    const { failure, isProven } = segment
    const isOdd = isTransferError(failure) && failure.code === 'ERR_RESPONSE_INVALID'
    if (isProven || !isOdd) return
    this.#mayCut = false
    if (before === undefined) {
      this.#segments.splice(0, 1, this.#fromStart())
      return
    }
    before.absorb(segment)
    this.#segments.splice(this.#segments.indexOf(segment), 1)
  }

  /** Cuts the first segment that seems long. False when there is none. */
  #cutSomewhere(): boolean {
    if (!this.#mayCut || this.#arrived < this.#nextCutAt) return false
    for (const [index, segment] of this.#segments.entries()) {
      if (segment.failure !== undefined) return false
      const cuts = segment.cut(this.#prefix)
      this.#segments.splice(index + 1, 0, ...cuts)
      if (cuts.length > 0) return true
    }
    return false
  }

  /** Cuts are worth it while most of what is fetched is kept. */
  #judge({ kept, fetched }: Segment): void {
    this.#patience = kept * 2 > fetched ? 1 : Math.min(PATIENCE_MAX, this.#patience * 2)
    if (this.#patience > 1) this.#nextCutAt = this.#arrived + this.#patience
  }
}
