import { describe, expect, it } from 'vitest'
import { useScriptedStore } from './http-script.ts'

const scripted = useScriptedStore()

const page = (...inside: readonly string[]): { readonly body: string } => ({
  body: `<ListBucketResult>${inside.join('')}</ListBucketResult>`,
})
const object = (key: string) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`
const common = (prefix: string) => `<CommonPrefixes><Prefix>${prefix}</Prefix></CommonPrefixes>`
const END = '<IsTruncated>false</IsTruncated>'
const MORE = '<IsTruncated>true</IsTruncated>'

function queries(): Record<string, string>[] {
  return scripted.script.requests.map(({ url }) =>
    Object.fromEntries(new URL(url, scripted.script.endpoint).searchParams),
  )
}

describe('listObjects', () => {
  it('asks for encoded keys below a prefix, and goes on with the token', async () => {
    scripted.script.answer(
      page(
        '<EncodingType>url</EncodingType>',
        MORE,
        object('a/b+c'),
        '<NextContinuationToken>t/1</NextContinuationToken>',
      ),
      page(END),
    )
    const first = await scripted.store.listObjects('bucket', {
      prefix: 'a/',
      startAfter: 'a/1',
      maxKeys: 7,
    })
    expect(first).toMatchObject({ objects: [{ key: 'a/b c', size: 1 }], next: 't/1' })
    const token = first.next
    const second = await scripted.store.listObjects('bucket', {
      prefix: 'a/',
      startAfter: 'a/b c',
      token,
      delimiter: '/',
    })
    expect(second).toEqual({ objects: [], prefixes: [], next: undefined })
    const always = { 'list-type': '2', 'encoding-type': 'url', prefix: 'a/' }
    expect(queries()).toEqual([
      { ...always, 'start-after': 'a/1', 'max-keys': '7' },
      { ...always, 'continuation-token': 't/1', delimiter: '/' },
    ])
    expect(scripted.script.requests[0]?.url).toMatch(/^\/bucket\/\?/)
    expect(scripted.script.requests[0]?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /)
  })

  it('reads common prefixes, and one that was begun by startAfter', async () => {
    scripted.script.answer(page(END, object('b'), common('a/'), common('c/')))
    const options = { prefix: '', delimiter: '/', startAfter: 'a/x' }
    expect(await scripted.store.listObjects('bucket', options)).toMatchObject({
      prefixes: ['a/', 'c/'],
    })
  })

  it.each<[string, { readonly body: string }, object]>([
    ['half a document', { body: '<ListBucketResult><IsTruncated>false</IsTruncated>' }, {}],
    ['a page of a proxy', { body: '<html><body>Log in</body></html>' }, {}],
    ['nothing', { body: '' }, {}],
    ['a page that goes on nowhere', page(MORE), {}],
    ['keys out of order', page(END, object('b'), object('a')), {}],
    ['a key twice', page(END, object('a'), object('a')), {}],
    ['a key behind which was asked', page(END, object('a')), { startAfter: 'a' }],
    ['a key outside the prefix', page(END, object('b')), { prefix: 'a' }],
    ['keys in the order of UTF-16', page(END, object('\u{10000}'), object('\uFFFD')), {}],
    ['a delimiter ignored', page(END, object('a/b')), { delimiter: '/' }],
    ['common prefixes not asked for', page(END, common('a/')), {}],
    ['a common prefix without delimiter', page(END, common('a')), { delimiter: '/' }],
    [
      'a common prefix outside the prefix',
      page(END, common('b/')),
      { delimiter: '/', prefix: 'a' },
    ],
    ['common prefixes out of order', page(END, common('b/'), common('a/')), { delimiter: '/' }],
    ['a common prefix passed', page(END, common('a/')), { delimiter: '/', startAfter: 'b' }],
    [
      'a common prefix of the page before',
      page(END, common('a/')),
      { delimiter: '/', startAfter: 'a/', token: 't' },
    ],
  ])('does not believe %s', async (_, answer, options) => {
    scripted.script.answer(answer)
    await expect(
      scripted.store.listObjects('bucket', { prefix: '', ...options }),
    ).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
      context: { operation: 'ListObjectsV2', bucket: 'bucket' },
    })
  })

  it.each([
    [404, 'NoSuchBucket', 'ERR_BUCKET_NOT_FOUND'],
    [403, 'AccessDenied', 'ERR_ACCESS_DENIED'],
    [503, 'SlowDown', 'ERR_THROTTLED'],
    [200, 'InternalError', 'ERR_STORE_UNAVAILABLE'],
  ])('says what the store refused, with %s %s', async (status, code, expected) => {
    scripted.script.answer({ status, body: `<Error><Code>${code}</Code></Error>` })
    await expect(scripted.store.listObjects('bucket', { prefix: '' })).rejects.toMatchObject({
      code: expected,
      context: { operation: 'ListObjectsV2', storeCode: code },
    })
  })

  it('ends when its signal aborts, and when the store was closed', async () => {
    scripted.script.answer({ hang: true })
    const controller = new AbortController()
    const listing = scripted.store.listObjects('bucket', { prefix: '', signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(listing).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    scripted.store.close()
    await expect(scripted.store.listObjects('bucket', { prefix: '' })).rejects.toMatchObject({
      code: 'ERR_CLOSED',
    })
  })
})
