import type { ListedEntry } from 'transfer-engine'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, sharedBed } from '../helpers/test-bed.ts'

const ALL = `s3://${BUCKET}`

/** Keys that a careless client loses, doubles or changes. */
const HOSTILE = [
  'h/ ',
  'h/%2F',
  'h/+',
  'h/a b',
  'h/a+b',
  'h/a%20b',
  'h/a//b',
  'h/../x',
  'h/<Key>&amp;',
  'h/line\nbreak\r\n',
  'h/\u0001\u001B[2J\u007F',
  'h/é\uFFFD',
  'h/\u{10000}\u{1F600}',
]

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, '0')}`)

async function all(entries: AsyncIterable<ListedEntry>): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = []
  for await (const entry of entries) listed.push(entry)
  return listed
}

async function names(entries: AsyncIterable<ListedEntry>): Promise<string[]> {
  return (await all(entries)).map((entry) => (entry.kind === 'object' ? entry.key : entry.prefix))
}

function byBytes(keys: readonly string[]): string[] {
  return keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

describe('list', () => {
  const bed = sharedBed()
  const sets = [numbered('k/a/', 1000), numbered('k/b/', 1001), numbered('k/c/', 2999)]

  beforeAll(async () => {
    const keys = [...sets.flat(), ...HOSTILE, 'one']
    const upload = (key: string) => bed().engine.upload(Buffer.from('x'), { bucket: BUCKET, key })
    await Promise.all(keys.map(upload))
  }, 120_000)
  afterEach(() => bed().store.faults.clear())

  test.each([
    ['nothing', 'none/', []],
    ['one', 'one', ['one']],
    ['1,000', 'k/a/', sets[0] as string[]],
    ['1,001', 'k/b/', sets[1] as string[]],
    ['5,000', 'k/', sets.flat()],
    ['hostile keys', 'h/', byBytes(HOSTILE)],
  ])('gives %s in order, once', async (_, prefix, expected) => {
    expect(await names(bed().engine.list(`${ALL}/${prefix}`))).toEqual(expected)
  })

  test('tells what the store says of an object', async () => {
    const [entry] = await all(bed().engine.list(`${ALL}/one`))
    expect(entry).toEqual({
      kind: 'object',
      bucket: BUCKET,
      key: 'one',
      size: 1,
      etag: expect.stringMatching(/^"[\da-f]{32}"$/) as string,
      lastModified: expect.any(Number) as number,
      storageClass: 'STANDARD',
    })
  })

  test('shows one level, objects and prefixes in one order', async () => {
    const { engine } = bed()
    expect(await all(engine.list(ALL, { recursive: false }))).toMatchObject([
      { kind: 'prefix', bucket: BUCKET, prefix: 'h/' },
      { kind: 'prefix', prefix: 'k/' },
      { kind: 'object', key: 'one' },
    ])
    const level = await names(engine.list(`${ALL}/h/`, { recursive: false }))
    const expected = HOSTILE.map((key) => /^h\/[^/]*\/?/.exec(key)?.[0] ?? '')
    expect(level).toEqual(byBytes(expected))
  })

  test('asks again for a page that was cut off', async () => {
    const { engine, store } = bed()
    const fault = { kind: 'drop-response', afterBytes: 10_000 } as const
    store.faults.add({ match: { operation: 'ListObjectsV2' }, fault, skip: 1, times: 2 })
    expect(await names(engine.list(`${ALL}/k/`))).toEqual(sets.flat())
  })

  test('asks again when the store is busy', async () => {
    const { engine, store } = bed()
    const fault = { kind: 'answer', status: 503, code: 'SlowDown' } as const
    store.faults.add({ match: { operation: 'ListObjectsV2' }, fault, skip: 2, times: 1 })
    expect(await names(engine.list(`${ALL}/k/`))).toEqual(sets.flat())
    expect(engine.stats().retries).toMatchObject({ byCode: { ERR_THROTTLED: 1 } })
  })

  test.each(['html', 'empty'] as const)(
    'ends with an error when the store goes on to answer with %s',
    async (body) => {
      const { engine, store } = bed()
      const fault = { kind: 'answer', status: 200, body } as const
      store.faults.add({ match: { operation: 'ListObjectsV2' }, fault, skip: 2 })
      const keys: string[] = []
      const reading = async (): Promise<void> => {
        for await (const entry of engine.list(`${ALL}/k/`)) {
          if (entry.kind === 'object') keys.push(entry.key)
        }
      }
      const error = await failureOf(reading())
      expect(error).toMatchObject({
        code: 'ERR_RESPONSE_INVALID',
        context: { operation: 'ListObjectsV2', bucket: BUCKET },
      })
      expect(keys).toEqual(sets.flat().slice(0, keys.length))
      expect(keys.length).toBeLessThan(5000)
    },
  )

  test('ends when its signal aborts, and when the engine is closed', async () => {
    const controller = new AbortController()
    const listing = bed().engine.list(`${ALL}/k/`, { signal: controller.signal })
    await listing.next()
    controller.abort()
    expect(await failureOf(listing.next())).toMatchObject({ code: 'ERR_ABORTED' })

    const engine = bed().another({})
    const other = engine.list(`${ALL}/k/`)
    await other.next()
    await engine.close()
    expect(await failureOf(other.next())).toMatchObject({ code: 'ERR_ABORTED' })
    expect(await failureOf(engine.list(ALL).next())).toMatchObject({ code: 'ERR_CLOSED' })
  })

  test('leaves nothing open when its reader leaves', async () => {
    for await (const entry of bed().engine.list(`${ALL}/k/`)) {
      if (entry.kind === 'object' && entry.key.endsWith('2500')) break
    }
  })

  test.each([
    ['another option', ALL, { recursiv: true }, 'ERR_OPTION_UNKNOWN', /`recursive`/],
    ['an option of another type', ALL, { recursive: 'no' }, 'ERR_OPTION_INVALID', /`recursive`/],
    ['a signal that is none', ALL, { signal: 1 }, 'ERR_OPTION_INVALID', /`signal`/],
    ['a payer', ALL, { requestPayer: 'me' }, 'ERR_OPTION_INVALID', /`requestPayer`/],
    ['another owner', ALL, { expectedBucketOwner: '999999999999' }, 'ERR_ACCESS_DENIED', /./],
    ['a path', 'dir/', {}, 'ERR_URI_INVALID', /s3:\/\//],
    ['a bucket that is not there', 's3://no-such-bucket', {}, 'ERR_BUCKET_NOT_FOUND', /./],
  ])('says what is wrong with %s', async (_, uri, options: object, code, message) => {
    const error = await failureOf(bed().engine.list(uri, options).next())
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })
})
