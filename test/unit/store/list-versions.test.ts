import { describe, expect, it } from 'vitest'
import { useScriptedStore } from './http-script.ts'

const scripted = useScriptedStore()

const page = (...inside: readonly string[]): { readonly body: string } => ({
  body: `<ListVersionsResult>${inside.join('')}</ListVersionsResult>`,
})
const END = '<IsTruncated>false</IsTruncated>'
const MORE = '<IsTruncated>true</IsTruncated>'

function version(key: string, id: string, isLatest = false): string {
  const common = `<Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${isLatest}</IsLatest>`
  return `<Version>${common}<Size>3</Size><ETag>"e"</ETag></Version>`
}
function marker(key: string, id: string, isLatest = false): string {
  const common = `<Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${isLatest}</IsLatest>`
  return `<DeleteMarker>${common}<LastModified>2026-11-30T00:00:00.000Z</LastModified></DeleteMarker>`
}
const next = (key: string, id?: string): string =>
  `<NextKeyMarker>${key}</NextKeyMarker>` +
  (id === undefined ? '' : `<NextVersionIdMarker>${id}</NextVersionIdMarker>`)

const list = (options: object = {}) =>
  scripted.store.listVersions('bucket', { prefix: '', ...options })

describe('listVersions', () => {
  it('gives versions and markers in the order of the answer, and goes on where it ended', async () => {
    const url = '<EncodingType>url</EncodingType>'
    scripted.script.answer(
      page(url, MORE, version('a%2Fb+c', '3', true), marker('a%2Fb+c', '2'), next('a/b+c', '2')),
      page(url, version('a%2Fb+c', '1'), version('a/d', 'null', true), END),
    )
    const first = await list({ prefix: 'a/', maxKeys: 2 })
    expect(first.versions).toMatchObject([
      { key: 'a/b c', versionId: '3', isMarker: false, isLatest: true, size: 3, etag: '"e"' },
      { key: 'a/b c', versionId: '2', isMarker: true, isLatest: false, size: 0, etag: undefined },
    ])
    expect(first.next).toEqual({ key: 'a/b c', versionId: '2' })
    const second = await list({ prefix: 'a/', after: first.next })
    expect(second.versions.map(({ versionId }) => versionId)).toEqual(['1', 'null'])
    expect(second.next).toBeUndefined()
    const queries = scripted.script.requests.map(({ url: path }) =>
      Object.fromEntries(new URL(path, scripted.script.endpoint).searchParams),
    )
    const always = { versions: '', 'encoding-type': 'url', prefix: 'a/' }
    expect(queries).toEqual([
      { ...always, 'max-keys': '2' },
      { ...always, 'key-marker': 'a/b c', 'version-id-marker': '2' },
    ])
  })

  it.each([
    ['keys out of order', page(END, version('b', '1', true), version('a', '1', true))],
    ['a key that was not asked for', page(END, version('z', '1', true))],
    ['markers apart from versions', page(END, version('a', '1'), marker('a', '2', true))],
    ['an older one first', page(END, version('a', '1'))],
    ['two that are the latest', page(END, version('a', '2', true), version('a', '1', true))],
    ['more, and not where', page(MORE, version('a', '1', true))],
    ['more from where it was', page(MORE, next('', ''))],
    ['more from before', page(MORE, version('b', '1', true), next('a'))],
    ['no word whether it goes on', page(version('a', '1', true))],
    ['one without key', page(END, '<Version><IsLatest>true</IsLatest><Size>1</Size></Version>')],
    ['a size that is none', page(END, version('a', '1', true).replace('>3<', '>-<'))],
    [
      'no word whether it is the latest',
      page(END, '<Version><Key>a</Key><Size>1</Size></Version>'),
    ],
    ['another document', { body: '<ListBucketResult></ListBucketResult>' }],
  ])('does not believe %s', async (what, answer) => {
    scripted.script.answer(answer, answer, answer, answer, answer, answer, answer, answer)
    const prefix = what.includes('not asked') ? 'a' : ''
    await expect(list({ prefix })).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
  })
})
