import { describe, expect, it } from 'vitest'
import { compareKeys } from '../../../src/store/key-order.ts'
import type { ObjectPage } from '../../../src/store/object-store.ts'
import { listPages } from '../../../src/tree/listing.ts'
import { keysOf, syntheticStore, type KeySource, type SyntheticStore } from './synthetic-store.ts'

const numbers = (length: number): KeySource => ({
  length,
  key: (index) => `data/${String(index).padStart(9, '0')}.bin`,
})

/** All keys, read by somebody who takes that long for a page. */
async function keysListed(store: SyntheticStore, readMs = 1, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const page of listPages(store, { bucket: 'b', prefix, now: store.now })) {
    for (const { key } of page.objects) keys.push(key)
    await store.wait(readMs)
  }
  return keys
}

/** How many keys a listing of these gives where start-after is ignored, and how often it was asked for. */
async function listedAsOne(
  length: number,
  options: { readonly pageSize: number; readonly readMs: number },
): Promise<{ readonly keys: readonly string[]; readonly cuts: number; readonly atOnce: number }> {
  const { pageSize, readMs } = options
  const store = syntheticStore(numbers(length), { pageSize, ignoresStartAfter: true })
  const keys = await keysListed(store, readMs)
  const cuts = store.requests.filter(({ token, startAfter }) => !token && startAfter).length
  return { keys, cuts, atOnce: store.atOnce() }
}

function all(source: KeySource): string[] {
  return Array.from({ length: source.length }, (_, index) => source.key(index))
}

describe('a store that ignores start-after', () => {
  it.each([
    [5, 1],
    [10, 1],
    [100, 30],
    [100, 90],
    [100, 250],
    [1000, 1],
  ])('is listed whole by one scan: pages of %i, a reader of %i ms', async (pageSize, readMs) => {
    const length = 12_345
    const listed = await listedAsOne(length, { pageSize, readMs })
    expect(listed.keys).toEqual(all(numbers(length)))
    // It was tried, and not again and again.
    expect(listed.cuts).toBeGreaterThan(readMs > 200 ? -1 : 0)
    expect(listed.cuts).toBeLessThan(8)
  })
})

describe('listPages', () => {
  it.each([
    [0, 1],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [4000, 4],
  ])('lists %i keys with %i requests, one after the other', async (count, requests) => {
    const source = numbers(count)
    const store = syntheticStore(source)
    expect(await keysListed(store)).toEqual(all(source))
    expect(store.requests).toHaveLength(requests)
    expect(store.atOnce()).toBe(1)
  })

  it('lists a long prefix several pages at a time, with few requests in vain', async () => {
    const source = numbers(100_000)
    const store = syntheticStore(source, { answerMs: 100 })
    expect(await keysListed(store)).toEqual(all(source))
    // 100 pages one after the other take 10,000.
    expect(store.now()).toBeLessThan(4000)
    expect(store.requests.length).toBeLessThan(125)
    expect(store.atOnce()).toBeGreaterThan(3)
    expect(store.atOnce()).toBeLessThanOrEqual(8)
  })

  it('has one request under way for a reader that is slower than the store', async () => {
    const store = syntheticStore(numbers(20_000), { answerMs: 100 })
    await keysListed(store, 120)
    expect(store.requests).toHaveLength(20)
    expect(store.atOnce()).toBe(1)
  })

  it('asks for nothing while nobody reads, beyond two pages', async () => {
    const store = syntheticStore(numbers(20_000))
    const pages = listPages(store, { bucket: 'b', prefix: '', now: store.now })
    await pages.next()
    await store.wait(10_000)
    expect(store.requests.length).toBeLessThanOrEqual(3)
    await pages.return()
  })

  it('holds 16 pages at most', async () => {
    const store = syntheticStore(numbers(60_000))
    let read = 0
    for await (const page of listPages(store, { bucket: 'b', prefix: '', now: store.now })) {
      // A few pages may have come for nothing; none of them is held.
      expect(store.requests.length - read).toBeLessThanOrEqual(16 + store.requests.length / 4)
      read += page.objects.length / 1000
      await store.wait(read < 30 ? 1 : 3000)
    }
  })

  it('keeps to its prefix', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `${'abc'[index % 3]}/${index}`)
    const store = syntheticStore(keysOf(keys), { pageSize: 5 })
    const expected = keys.filter((key) => key.startsWith('b/')).sort(compareKeys)
    expect(await keysListed(store, 1, 'b/')).toEqual(expected)
    expect(store.requests.every(({ startAfter }) => startAfter?.startsWith('b/') ?? true)).toBe(
      true,
    )
  })

  it('cuts what is under way when the reader leaves', async () => {
    const store = syntheticStore(numbers(20_000))
    for await (const page of listPages(store, { bucket: 'b', prefix: '', now: store.now })) {
      if (page.objects.some(({ key }) => key.includes('9000'))) break
      await store.wait(1)
    }
    const before = store.requests.length
    expect(store.requests.at(-1)?.signal?.aborted).toBe(true)
    await store.wait(1000)
    expect(store.requests).toHaveLength(before)
  })

  it('ends when its signal aborts', async () => {
    const controller = new AbortController()
    const store = syntheticStore(numbers(20_000))
    const listing = async (): Promise<void> => {
      const { signal } = controller
      for await (const page of listPages(store, {
        bucket: 'b',
        prefix: '',
        signal,
        now: store.now,
      })) {
        if (page.objects.some(({ key }) => key.includes('9000'))) controller.abort()
      }
    }
    await expect(listing()).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })
})

describe('a listing that fails', () => {
  it('hands out everything before the place where it failed, and nothing behind', async () => {
    const source = numbers(30_000)
    const good = syntheticStore(source)
    const broken = 'data/000020000.bin'
    const store: SyntheticStore = {
      ...good,
      listObjects: async (bucket, options) => {
        const page = await good.listObjects(bucket, options)
        if (page.objects.some(({ key }) => key === broken)) throw new Error('broken')
        return page
      },
    }
    const keys: string[] = []
    const listing = async (): Promise<void> => {
      for await (const page of listPages(store, { bucket: 'b', prefix: '', now: good.now })) {
        for (const { key } of page.objects) keys.push(key)
        await good.wait(1)
      }
    }
    await expect(listing()).rejects.toThrow('broken')
    expect(keys).toEqual(all(source).slice(0, keys.length))
    expect(keys.length).toBeGreaterThan(18_000)
    expect(keys.length).toBeLessThanOrEqual(20_000)
  })

  it.each([
    ['the same place again', (): string => 'same'],
    ['a circle of places', (asked: number): string => String(asked % 3)],
  ])('does not go on for ever with %s', async (_, next) => {
    let asked = 0
    const store = {
      listObjects: async (): Promise<ObjectPage> => ({
        objects: [],
        prefixes: [],
        next: next(asked++),
      }),
    }
    const listing = listPages(store, { bucket: 'b', prefix: '' }).next()
    await expect(listing).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
  })
})

describe('a million keys', () => {
  it('take no memory', { timeout: 120_000 }, async () => {
    const store = syntheticStore(numbers(1_000_000), { answerMs: 1 })
    const before = process.memoryUsage().heapUsed
    let count = 0
    let most = 0
    for await (const page of listPages(store, { bucket: 'b', prefix: '', now: store.now })) {
      count += page.objects.length
      store.requests.length = 0
      most = Math.max(most, process.memoryUsage().heapUsed)
    }
    expect(count).toBe(1_000_000)
    // 16 pages take 5 MiB, what was not collected yet several times that; all of them took 150.
    expect(most - before).toBeLessThan(80 * 2 ** 20)
  })
})

describe('a stretch of the key space', () => {
  const length = 5000
  const keys = all(numbers(length))
  const places: readonly (readonly [number | undefined, number | undefined])[] = [
    [undefined, undefined],
    [undefined, 0],
    [undefined, 2499],
    [2499, undefined],
    [999, 1000],
    [100, 3210],
    [4999, undefined],
  ]

  it.each(
    places.flatMap(([after, upTo]) => [
      [after, upTo, 100, false] as const,
      [after, upTo, 1000, false] as const,
      [after, upTo, 1000, true] as const,
    ]),
  )('behind %s, up to %s, in pages of %i, start-after ignored: %s', async (...how) => {
    const [after, upTo, pageSize, ignoresStartAfter] = how
    const wanted = keys.slice(after === undefined ? 0 : after + 1, (upTo ?? length) + 1)
    const key = (index: number | undefined): string | undefined =>
      index === undefined ? undefined : keys[index]
    const store = syntheticStore(numbers(length), { pageSize, ignoresStartAfter })
    const range = { after: key(after), upTo: key(upTo) }
    const listed: string[] = []
    const listing = { bucket: 'b', prefix: '', range, now: store.now }
    for await (const { objects } of listPages(store, listing)) {
      listed.push(...objects.map((object) => object.key))
    }
    expect(listed).toEqual(wanted)
  })

  it('touches the next one, wherever they are cut and whether there is such a key', async () => {
    const store = syntheticStore(numbers(length), { pageSize: 100 })
    const cuts = [undefined, 'data/0000', 'data/000001234.bin', 'data/000003', 'e', undefined]
    const listed: string[] = []
    for (const [index, after] of cuts.slice(0, -1).entries()) {
      const range = { after, upTo: cuts[index + 1] }
      for await (const { objects } of listPages(store, {
        bucket: 'b',
        prefix: '',
        range,
        now: store.now,
      })) {
        listed.push(...objects.map(({ key }) => key))
      }
    }
    expect(listed).toEqual(keys)
  })
})
