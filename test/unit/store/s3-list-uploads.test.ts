import { describe, expect, it } from 'vitest'
import { useScriptedStore } from './http-script.ts'

const scripted = useScriptedStore()

const page = (inside: string): { readonly body: string } => ({
  body: `<ListMultipartUploadsResult>${inside}</ListMultipartUploadsResult>`,
})

describe('listMultipartUploads', () => {
  it('asks for encoded keys below a prefix, and says where to go on', async () => {
    scripted.script.answer(
      page(`<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<NextKeyMarker>a/b+c%0Ad</NextKeyMarker><NextUploadIdMarker>u/1</NextUploadIdMarker>
<Upload><Key>a/b+c%0Ad</Key><UploadId>u/1</UploadId>
<Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>`),
      page('<IsTruncated>false</IsTruncated>'),
    )
    const first = await scripted.store.listMultipartUploads('bucket', { prefix: 'a/' })
    expect(first).toEqual({
      uploads: [{ key: 'a/b c\nd', uploadId: 'u/1', initiatedAt: Date.UTC(2026, 0, 2, 3, 4, 5) }],
      next: { key: 'a/b c\nd', uploadId: 'u/1' },
    })
    const second = await scripted.store.listMultipartUploads('bucket', {
      prefix: 'a/',
      after: first.next,
    })
    expect(second).toEqual({ uploads: [], next: undefined })
    const queries = scripted.script.requests.map(
      ({ url }) => new URL(url, scripted.script.endpoint).searchParams,
    )
    expect(Object.fromEntries(queries[0] ?? [])).toMatchObject({
      uploads: '',
      prefix: 'a/',
      'encoding-type': 'url',
      'max-uploads': '1000',
    })
    expect(queries[0]?.has('key-marker')).toBe(false)
    expect(queries[1]?.get('key-marker')).toBe('a/b c\nd')
    expect(queries[1]?.get('upload-id-marker')).toBe('u/1')
  })

  it('takes keys as they are where the store did not encode them', async () => {
    scripted.script.answer(page('<Upload><Key>50%+1</Key><UploadId>u</UploadId></Upload>'))
    expect(await scripted.store.listMultipartUploads('bucket', { prefix: '' })).toEqual({
      uploads: [{ key: '50%+1', uploadId: 'u', initiatedAt: undefined }],
      next: undefined,
    })
  })

  it.each([
    ['an upload without id', page('<Upload><Key>a</Key></Upload>')],
    ['an upload without key', page('<Upload><UploadId>u</UploadId></Upload>')],
    ['a page that goes on nowhere', page('<IsTruncated>true</IsTruncated>')],
    [
      'a key that is not encoded as it says',
      page('<EncodingType>url</EncodingType><Upload><Key>%E0</Key><UploadId>u</UploadId></Upload>'),
    ],
    ['half a document', { body: '<ListMultipartUploadsResult><Upload>' }],
    ['another document', { body: '<html>hello</html>' }],
    ['nothing', { body: '' }],
  ])('does not believe %s', async (_, answer) => {
    scripted.script.answer(answer)
    await expect(
      scripted.store.listMultipartUploads('bucket', { prefix: '' }),
    ).rejects.toMatchObject({
      code: 'ERR_RESPONSE_INVALID',
      context: { operation: 'ListMultipartUploads', bucket: 'bucket' },
    })
  })

  it('says what the store refused', async () => {
    scripted.script.answer({
      status: 403,
      body: '<Error><Code>AccessDenied</Code><Message>No</Message></Error>',
    })
    await expect(
      scripted.store.listMultipartUploads('bucket', { prefix: '' }),
    ).rejects.toMatchObject({
      code: 'ERR_ACCESS_DENIED',
    })
  })
})
