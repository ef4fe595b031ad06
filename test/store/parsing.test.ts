import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRange } from '../../src/local-store/ranges.ts'
import { parseTarget, parseQuery } from '../../src/local-store/target.ts'
import { childText, parseXml, xmlDocument } from '../../src/local-store/xml.ts'

const parse = (text: string) => parseXml(Buffer.from(text), 'Root')

describe('the XML reader', () => {
  it('reads elements, references, CDATA and comments, and ignores name spaces', () => {
    const root = parse(
      '<?xml version="1.0"?>\n<!-- a --><r:Root xmlns:r="u"><K a=\'1\'>&lt;&#x1F600;&#10;</K>' +
        '<!-- b --><V><![CDATA[<&]]></V><Empty/></r:Root>\n',
    )
    expect(childText(root, 'K')).toBe('<😀\n')
    expect(childText(root, 'V')).toBe('<&')
    expect(childText(root, 'Empty')).toBe('')
    expect(childText(root, 'Absent')).toBeUndefined()
  })

  it.each([
    '',
    'text',
    '<Root>',
    '<Root></Other>',
    '<Other/>',
    '<Root/><Root/>',
    '<Root>&nbsp;</Root>',
    '<Root>& </Root>',
    '<Root>&#x110000;</Root>',
    '<Root><!DOCTYPE x></Root>',
    '<!DOCTYPE Root [<!ENTITY e "x">]><Root>&e;</Root>',
    '<Root><!-- never closed</Root>',
    '<Root a=1/>',
    '<A>'.repeat(40) + '</A>'.repeat(40),
  ])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'MalformedXML' }) as Error)
  })

  it('refuses bytes that are not UTF-8', () => {
    const bytes = Buffer.from('<Root>\xff</Root>', 'latin1')
    expect(() => parseXml(bytes, 'Root')).toThrow(/well-formed/)
  })

  it('gives back every text that the writer wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = xmlDocument('Root', { Key: text })
        expect(childText(parse(written), 'Key')).toBe(text)
      }),
    )
  })
})

describe('the request target', () => {
  it.each([
    ['/', 'localhost', '', ''],
    ['/b', '127.0.0.1:1', 'b', ''],
    ['/b/', '127.0.0.1', 'b', ''],
    ['/b//k', '[::1]:9', 'b', '/k'],
    ['/b/../k/./%2e%2e', '127.0.0.1', 'b', '../k/./..'],
    ['/b/a%2Fb+c%20d', '127.0.0.1', 'b', 'a/b+c d'],
    ['http://127.0.0.1:1/b/k?x', '127.0.0.1:1', 'b', 'k'],
    ['/k/x', 'b.localhost:80', 'b', 'k/x'],
    ['/k', 'my.dotted.bucket.s3.eu-west-1.localhost', 'my.dotted.bucket', 'k'],
    ['/b/k', 's3.localhost', 'b', 'k'],
    ['/b/k', 's3.eu-west-1.localhost:80', 'b', 'k'],
  ])('reads %s at %s', (url, host, bucket, key) => {
    expect(parseTarget(url, host)).toMatchObject({ bucket, key })
  })

  it.each(['/b/%', '/b/%2', '/b/%zz', '/b/%ff'])('refuses %s', (url) => {
    expect(() => parseTarget(url, 'localhost')).toThrow(/URI/)
  })

  it('takes the first of repeated parameters and bare names as empty', () => {
    const query = parseQuery('uploads&prefix=a%20b+c&prefix=z&x=')
    expect([...query]).toEqual([
      ['uploads', ''],
      ['prefix', 'a b c'],
      ['x', ''],
    ])
  })
})

describe('the Range header', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=5-', { start: 5, end: 10 }],
    ['bytes=-4', { start: 6, end: 10 }],
    ['bytes=-40', { start: 0, end: 10 }],
    ['bytes=3-99', { start: 3, end: 10 }],
    ['bytes=5-4', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=-', undefined],
    ['items=0-1', undefined],
  ])('reads %s', (header, span) => {
    expect(parseRange(header, 10)).toEqual(span)
  })

  it.each([
    ['bytes=10-', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-5', 0],
  ])('cannot satisfy %s of %i bytes', (header, size) => {
    const refusal = { code: 'InvalidRange', headers: { 'content-range': `bytes */${size}` } }
    expect(() => parseRange(header, size)).toThrow(expect.objectContaining(refusal) as Error)
  })
})
