import { describe, expect, it } from 'vitest'
import { parseListPage } from '../../../src/store/list-page.ts'

const document = (inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</ListBucketResult>`
const END = '<IsTruncated>false</IsTruncated>'
const parse = (text: string) => parseListPage(Buffer.from(text))
const keys = (inside: string) => parse(document(inside)).objects.map(({ key }) => key)
const object = (key: string, more = '<Size>1</Size>') =>
  `<Contents><Key>${key}</Key>${more}</Contents>`

describe('parseListPage', () => {
  it('reads what a page says, and leaves out what it does not know', () => {
    const page = parse(
      document(`
  <Name>bucket</Name><Prefix/><Odd a='>' b="/"><Key>no</Key><Deep><Deep/></Deep></Odd>
  <IsTruncated>true</IsTruncated><NextContinuationToken>1a&amp;b==</NextContinuationToken>
  <Contents><Key>a</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>
    <ETag>&quot;0a&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>
    <ChecksumAlgorithm>SHA256</ChecksumAlgorithm><Size>12345678901</Size>
    <Owner><ID>someone</ID><Key>other</Key></Owner><StorageClass>GLACIER</StorageClass></Contents>
  <Contents><Key>b</Key><Size>0</Size></Contents>
  <CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>
`),
    )
    expect(page).toEqual({
      objects: [
        {
          key: 'a',
          size: 12_345_678_901,
          etag: '"0a"',
          lastModified: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
          storageClass: 'GLACIER',
          checksumAlgorithms: ['CRC32', 'SHA256'],
        },
        {
          key: 'b',
          size: 0,
          etag: undefined,
          lastModified: undefined,
          storageClass: undefined,
          checksumAlgorithms: undefined,
        },
      ],
      prefixes: ['c/'],
      isTruncated: true,
      token: '1a&b==',
    })
  })

  it('decodes keys as in a URL where the store says so, wherever it says it', () => {
    const inside = `${object('a+b%2Bc%25d%0Ae%01%F0%9F%98%80')}${END}`
    const key = 'a b+c%d\ne\u0001\u{1F600}'
    expect(keys(`<EncodingType>url</EncodingType>${inside}`)).toEqual([key])
    expect(keys(`${inside}<EncodingType>url</EncodingType>`)).toEqual([key])
    expect(keys(inside)).toEqual(['a+b%2Bc%25d%0Ae%01%F0%9F%98%80'])
  })

  it('reads references, those above U+FFFF too, and keys of blanks', () => {
    const text = '&lt;&#x1F600;&#128512;&#13;&#10;&amp;amp;&apos;é\u{1F600} '
    expect(keys(`${object(text)}${object('\n')}${END}`)).toEqual([
      "<\u{1F600}\u{1F600}\r\n&amp;'é\u{1F600} ",
      '\n',
    ])
  })

  it('reads names with a prefix, a byte order mark, and blanks around', () => {
    const body = `\uFEFF\n<s3:ListBucketResult a="1"><s3:IsTruncated> false </s3:IsTruncated></s3:ListBucketResult >\n`
    expect(parse(body)).toMatchObject({ objects: [], isTruncated: false })
  })

  it('believes no beginning of a page to be one', () => {
    const whole = document(`<EncodingType>url</EncodingType>${object('a')}${object('&#65;')}${END}`)
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parse(whole.slice(0, length))).toThrow(/no whole ListBucketResult/)
    }
  })

  it.each([
    ['nothing', ''],
    ['a page of a proxy', '<!DOCTYPE html><html><body>Log in</body></html>'],
    ['a page that is well formed', '<html><body>Log in</body></html>'],
    ['another answer', '<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>'],
    ['no word on whether it goes on', document(object('a'))],
    ['a word that is neither true nor false', document('<IsTruncated>maybe</IsTruncated>')],
    ['an object without key', document(`<Contents><Size>1</Size></Contents>${END}`)],
    ['an empty key', document(`${object('')}${END}`)],
    ['an object without size', document(`${object('a', '')}${END}`)],
    ['a size that is none', document(`${object('a', '<Size>-1</Size>')}${END}`)],
    ['a size beyond numbers', document(`${object('a', '<Size>99999999999999999</Size>')}${END}`)],
    ['an empty common prefix', document(`<CommonPrefixes><Prefix/></CommonPrefixes>${END}`)],
    ['a key badly encoded', document(`<EncodingType>url</EncodingType>${object('%E0')}${END}`)],
    ['a wrong end tag', document(`<Name>b</Nam>${END}`)],
    ['a longer end tag', document(`<Name>b</Names>${END}`)],
    ['an unknown reference', document(`${object('&nbsp;')}${END}`)],
    ['a name of a method as reference', document(`${object('&toString;')}${END}`)],
    ['half a character as reference', document(`${object('&#xD800;')}${END}`)],
    ['a reference without end', document(`${object('a&b')}${END}`)],
    ['CDATA', document(`${object('<![CDATA[a]]>')}${END}`)],
    ['text between elements', document(`text${END}`)],
    ['something behind the end', `${document(END)}<a/>`],
    ['too much depth', document(`${'<a>'.repeat(1e5)}${'</a>'.repeat(1e5)}${END}`)],
  ])('does not believe %s', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'ERR_RESPONSE_INVALID' }))
  })

  it('does not keep the page for the sake of a key', () => {
    // A piece of a text refers to the whole; a piece of bytes does not. Told by the memory in use.
    const body = Buffer.from(document(`${object('k'.repeat(900))}<X>${'x'.repeat(4e6)}</X>${END}`))
    const before = process.memoryUsage().heapUsed
    const kept = Array.from({ length: 20 }, () => parseListPage(body).objects[0]?.key)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20e6)
    expect(kept).toHaveLength(20)
  })
})
