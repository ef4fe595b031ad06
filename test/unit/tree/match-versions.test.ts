import { describe, expect, it } from 'vitest'
import type { ListedVersion } from '../../../src/store/object-store.ts'
import { firstMissing } from '../../../src/tree/match-versions.ts'
import { failureOf } from '../../helpers/failure.ts'

/** `a` has the ETag a; `a/1` another ETag and size 1; `-` is a marker. */
function versions(text: string): ListedVersion[] {
  const words = text.split(' ').filter((word) => word !== '')
  return words.map((word, index) => {
    const [etag = '', size = '5'] = word.split('/')
    const common = { key: 'k', versionId: String(index), isLatest: false, lastModified: 0 }
    return etag === '-'
      ? { ...common, isMarker: true, size: 0, etag: undefined }
      : { ...common, isMarker: false, size: Number(size), etag: `"${etag}"` }
  })
}

const missing = (source: string, copies: string, same: readonly string[] = []) =>
  firstMissing(versions(source), versions(copies), async (a, b) =>
    same.includes(`${a.etag} ${b.etag}`.replaceAll('"', '')),
  )

describe('versions that are to be copied', () => {
  it.each([
    ['a b c', '', 0],
    ['a b c', 'a', 1],
    ['a b c', 'a b c', 3],
    // The same bytes again are another version.
    ['a a a', 'a', 1],
    ['a b a', 'a', 1],
    ['a - a -', 'a -', 2],
    ['- -', '-', 1],
    // What was written twice, or by others, is passed over.
    ['a b', 'a a', 1],
    ['a b', 'x a', 1],
    ['a b', 'a x b', 2],
    ['a b', 'a b x', 2],
    ['a b', 'x', 0],
    // The source has lost its oldest.
    ['b c', 'a b', 1],
    ['a -', 'x -', 0],
    // Another size is another version, whatever the ETag says.
    ['a/1 b', 'a/2', 0],
  ])('of %j, where there are %j, begin at %i', async (source, copies, first) => {
    expect(await missing(source, copies)).toBe(first)
  })

  it('are told by contents where ETags differ', async () => {
    expect(await missing('a b', 'A', ['a A'])).toBe(1)
    expect(await missing('a b', 'A')).toBe(0)
  })

  it.each([
    ['a b', 'b'],
    ['a b c', 'a c'],
    ['a b a', 'b'],
  ])('of %j could only come behind what is there: %j', async (source, copies) => {
    const error = await failureOf(missing(source, copies))
    expect(error).toMatchObject({ code: 'ERR_CONFLICT', context: { key: 'k' } })
  })
})
