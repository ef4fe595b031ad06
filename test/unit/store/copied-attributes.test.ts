/** What a copy takes over, by HEAD and by the head of a GET: the same, or the latter says nothing. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributeHeaders, type ObjectAttributes } from '../../../src/store/attributes.ts'
import {
  copiedAttributes,
  copiedHeaders,
  TOKEN_NAME,
} from '../../../src/store/copied-attributes.ts'
import { readInfo } from '../../../src/store/object-info.ts'

const ANSWER = { 'content-length': '1', etag: '"e"' }

const value = fc.oneof(
  fc.constantFrom('text/plain', ' blank', '', 'ü', 'Wed, 02 Jan 2030 03:04:05 GMT', '0'),
  fc.string({ maxLength: 8 }),
)
const NAMES = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-encoding',
  'expires',
  'x-amz-website-redirect-location',
  'x-amz-meta-a',
  'x-amz-meta-b',
  `x-amz-meta-${TOKEN_NAME}`,
  'x-amz-storage-class',
  'x-amz-missing-meta',
]
const answers = fc.dictionary(fc.constantFrom(...NAMES), value)
const given = fc.record<ObjectAttributes>(
  {
    contentType: fc.constant('text/x'),
    expires: fc.constant(new Date(0)),
    metadata: fc.constant({ c: '3' }),
    ifNoneMatch: fc.constant('*'),
  },
  { requiredKeys: [] },
)

describe('the headers of a copy', () => {
  it('are those that HEAD would have led to, and none where that would have failed', () => {
    fc.assert(
      fc.property(given, answers, (said, described) => {
        const answer = { ...ANSWER, ...described }
        let wanted: readonly string[] | undefined
        try {
          wanted = attributeHeaders('put', copiedAttributes(said, readInfo(answer), undefined, {}))
        } catch {
          wanted = undefined
        }
        expect(copiedHeaders(said, answer)).toEqual(wanted)
      }),
    )
  })

  it('need another look where there are tags, unless others are given', () => {
    const answer = { ...ANSWER, 'x-amz-tagging-count': '2' }
    expect(copiedHeaders({}, answer)).toBeUndefined()
    expect(copiedHeaders({ tags: { a: '1' } }, answer)).toEqual(['x-amz-tagging', 'a=1'])
  })

  it('are none of an answer that is none', () => {
    expect(copiedHeaders({}, { 'content-length': '1' })).toBeUndefined()
  })
})
