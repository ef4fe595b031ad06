import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ObjectStore } from '../../../src/store/object-store.ts'
import { openS3Store, startHttpScript, type HttpScript } from './http-script.ts'

const OBJECT = { bucket: 'bucket', key: 'dir/a b.bin' }
const PARTS = [
  { partNumber: 1, etag: '"p1"' },
  { partNumber: 2, etag: '"p2"', checksum: { algorithm: 'CRC32', value: 'AAAAAA==' } },
] as const
const CREATED = `<InitiateMultipartUploadResult>
<UploadId>u/1</UploadId></InitiateMultipartUploadResult>`
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const COMPLETED = `${DECLARATION}<CompleteMultipartUploadResult xmlns="http://s3/doc/">
<Location>http://x/y</Location><Bucket>bucket</Bucket><Key>dir/a b.bin</Key>
<ETag>&quot;e1-2&quot;</ETag><ChecksumCRC32>BBBBBB==</ChecksumCRC32>
<ChecksumType>FULL_OBJECT</ChecksumType></CompleteMultipartUploadResult>`

let script: HttpScript
let stores: ObjectStore[]

beforeEach(async () => {
  script = await startHttpScript()
  stores = []
})

afterEach(async () => {
  for (const store of stores) store.close()
  await script[Symbol.asyncDispose]()
})

function open(): ObjectStore {
  const store = openS3Store({ endpoint: script.endpoint })
  stores.push(store)
  return store
}

describe('createMultipartUpload', () => {
  it('sends attributes and the checksum it will use, and no trailer', async () => {
    script.answer({
      body: CREATED,
    })
    const created = await open().createMultipartUpload(OBJECT, {
      attributes: { metadata: { token: 't' }, tags: { a: 'b c' }, ifNoneMatch: '*' },
      checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT' },
    })
    expect(created).toEqual({ uploadId: 'u/1' })
    const [request] = script.requests
    expect(request?.url).toBe('/bucket/dir/a%20b.bin?uploads=')
    expect(request?.headers).toMatchObject({
      'x-amz-meta-token': 't',
      'x-amz-tagging': 'a=b%20c',
      'x-amz-checksum-algorithm': 'CRC32',
      'x-amz-checksum-type': 'FULL_OBJECT',
    })
    expect(request?.headers).not.toHaveProperty('if-none-match')
    expect(request?.headers).not.toHaveProperty('expect')
    expect(request?.headers).not.toHaveProperty('x-amz-trailer')
  })

  it('does not believe an answer without upload id', async () => {
    script.answer({ body: '<InitiateMultipartUploadResult></InitiateMultipartUploadResult>' })
    await expect(open().createMultipartUpload(OBJECT)).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
    })
  })

  it('takes the answer of a store that leaves out “Result”', async () => {
    script.answer({ body: CREATED.replaceAll('UploadResult', 'Upload') })
    expect(await open().createMultipartUpload(OBJECT)).toEqual({ uploadId: 'u/1' })
  })

  it('tells a missing bucket by the document of the store', async () => {
    script.answer({
      status: 404,
      body: `<Error><Code>NoSuchBucket</Code>
<Message>No such bucket</Message><RequestId>R9</RequestId></Error>`,
    })
    await expect(open().createMultipartUpload(OBJECT)).rejects.toMatchObject({
      code: 'ERR_BUCKET_NOT_FOUND',
      message: 'The store answered 404 NoSuchBucket: No such bucket.',
      context: { requestId: 'R9', storeCode: 'NoSuchBucket' },
    })
  })
})

describe('completeMultipartUpload', () => {
  it('lists the parts, and sends size and checksum for the store to compare', async () => {
    script.answer({ body: COMPLETED, headers: { 'x-amz-version-id': 'v2' } })
    const completed = await open().completeMultipartUpload(OBJECT, 'u1', PARTS, {
      size: 11,
      checksum: { algorithm: 'CRC32', value: 'BBBBBB==', type: 'FULL_OBJECT' },
      attributes: { ifNoneMatch: '*', acl: 'private' },
    })
    expect(completed).toEqual({
      etag: '"e1-2"',
      versionId: 'v2',
      checksums: { CRC32: 'BBBBBB==' },
      checksumType: 'FULL_OBJECT',
      location: 'http://x/y',
    })
    const [request] = script.requests
    expect(request?.url).toBe('/bucket/dir/a%20b.bin?uploadId=u1')
    expect(request?.headers).toMatchObject({
      'if-none-match': '*',
      'x-amz-mp-object-size': '11',
      'x-amz-checksum-crc32': 'BBBBBB==',
      'x-amz-checksum-type': 'FULL_OBJECT',
    })
    expect(request?.headers).not.toHaveProperty('x-amz-acl')
    expect(request?.body).toMatch(/<PartNumber>1<.*<PartNumber>2</s)
    expect(request?.body).toContain('<ChecksumCRC32>AAAAAA==</ChecksumCRC32>')
  })

  it('waits out the blanks a store sends before its answer', async () => {
    script.answer({ body: `${DECLARATION}   \n${COMPLETED.slice(DECLARATION.length)}\n` })
    await expect(open().completeMultipartUpload(OBJECT, 'u1', PARTS)).resolves.toMatchObject({
      etag: '"e1-2"',
    })
  })

  const noEtag = COMPLETED.replace(/<ETag>.*<\/ETag>/, '')
  it.each([
    ['a page of a proxy', '<html><body>Sign in</body></html>'],
    ['nothing', ''],
    ['blanks', '   \n '],
    ['an answer without ETag', noEtag],
    ['an answer cut off behind the ETag', COMPLETED.slice(0, COMPLETED.indexOf('<ChecksumCRC32>'))],
    ['an answer about another key', COMPLETED.replace('dir/a b.bin', 'dir/other')],
    ['an answer about another bucket', COMPLETED.replace('>bucket<', '>bucket2<')],
    ['an answer to another question', '<ListPartsResult></ListPartsResult>'],
    ['JSON', '{"ETag":"x"}'],
  ])('takes %s behind a 200 for no answer', async (_, body) => {
    script.answer({ body })
    await expect(open().completeMultipartUpload(OBJECT, 'u1', PARTS)).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
      context: { operation: 'CompleteMultipartUpload', uploadId: 'u1', ...OBJECT },
    })
  })

  it.each(['', '\n', '  \n\n'])('finds the error behind a 200, also before %j', async (blanks) => {
    script.answer({
      body: `<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>${blanks}`,
    })
    await expect(open().completeMultipartUpload(OBJECT, 'u1', PARTS)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      context: { storeCode: 'InternalError' },
    })
  })

  it('accepts a key answered as it stands in the URL', async () => {
    script.answer({ body: COMPLETED.replace('a b.bin', 'a%20b.bin') })
    await expect(open().completeMultipartUpload(OBJECT, 'u1', PARTS)).resolves.toBeDefined()
  })

  it.each([
    [{ reset: true }, 'ERR_CONNECTION_LOST'],
    [{ body: COMPLETED, truncate: true }, 'ERR_CONNECTION_LOST'],
  ])('reports a broken answer %j as %s', async (answer, code) => {
    script.answer(answer)
    await expect(open().completeMultipartUpload(OBJECT, 'u1', PARTS)).rejects.toMatchObject({
      code,
    })
  })
})

describe('abortMultipartUpload and listParts', () => {
  it('counts an upload that is gone as aborted', async () => {
    script.answer(
      { status: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' },
      { status: 204 },
    )
    const store = open()
    await expect(store.abortMultipartUpload(OBJECT, 'u1')).resolves.toBeUndefined()
    await expect(store.abortMultipartUpload(OBJECT, 'u1')).resolves.toBeUndefined()
    expect(script.requests.map(({ method }) => method)).toEqual(['DELETE', 'DELETE'])
  })

  it('reads all pages of parts', async () => {
    script.answer(
      { body: listPage('<IsTruncated>true</IsTruncated>', 1) },
      { body: listPage('<IsTruncated>false</IsTruncated>', 2) },
    )
    await expect(open().listParts(OBJECT, 'u1')).resolves.toEqual([
      { partNumber: 1, size: 5, etag: '"p1"', lastModified: 0, checksums: { CRC32: 'AAAAAA==' } },
      { partNumber: 2, size: 5, etag: '"p2"', lastModified: 0, checksums: { CRC32: 'AAAAAA==' } },
    ])
    expect(script.requests[1]?.url).toContain('part-number-marker=1')
  })

  it('does not list for ever when a store repeats its page', async () => {
    const page = { body: listPage('<IsTruncated>true</IsTruncated>', 1) }
    script.answer(page, page, page, page)
    await expect(open().listParts(OBJECT, 'u1')).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
    })
    expect(script.requests).toHaveLength(2)
  })

  it('tells an unknown upload', async () => {
    script.answer({ status: 404, body: '<Error><Code>NoSuchUpload</Code></Error>' })
    await expect(open().listParts(OBJECT, 'u1')).rejects.toMatchObject({
      code: 'ERR_UPLOAD_NOT_FOUND',
    })
  })
})

function listPage(more: string, partNumber: number): string {
  return `<ListPartsResult>${more}<NextPartNumberMarker>${partNumber}</NextPartNumberMarker>
<Part><PartNumber>${partNumber}</PartNumber><ETag>"p${partNumber}"</ETag><Size>5</Size>
<LastModified>1970-01-01T00:00:00.000Z</LastModified>
<ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></ListPartsResult>`
}
