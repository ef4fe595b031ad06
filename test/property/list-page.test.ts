/**
 * The parser of list pages against the SDK's, on pages of random keys and names around them.
 */

import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseListPage } from '../../src/store/list-page.ts'

/** What the SDK cannot read is left out: raw CR, and references above U+FFFF. */
const unit = fc.oneof(
  fc.constantFrom(
    '/',
    '+',
    '%',
    '&',
    '<',
    '>',
    '"',
    "'",
    ' ',
    ';',
    '=',
    '#',
    '\n',
    '\u0001',
    '\u007F',
    'é',
    '\uFFFD',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
)
const key = fc
  .string({ unit, minLength: 1, maxLength: 30 })
  // A text of blanks only is lost to the SDK.
  .filter((text) => text.trim() !== '')
const object = fc.record({
  key,
  size: fc.maxSafeNat(),
  etag: fc.constantFrom('&quot;00ff&quot;', '"a-2"', ''),
  time: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
  storageClass: fc.constantFrom('STANDARD', 'GLACIER', undefined),
  algorithms: fc.array(fc.constantFrom('CRC32', 'SHA256', 'CRC64NVME'), { maxLength: 3 }),
  unknown: fc.constantFrom('', '<Owner><ID>x</ID><Key>y</Key></Owner>', '<New a="1"/>', '\n  '),
})
const page = fc.record({
  objects: fc.array(object, { maxLength: 8 }),
  prefixes: fc.array(key, { maxLength: 4 }),
  token: fc.option(fc.base64String({ minLength: 4 }), { nil: undefined }),
  isUrl: fc.boolean(),
})
type Page = typeof page extends fc.Arbitrary<infer T> ? T : never

describe('a list page', () => {
  it('is read as the SDK reads it', async () => {
    let body = Buffer.alloc(0)
    const client = new S3Client({
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestHandler: {
        handle: async () => ({ response: { statusCode: 200, headers: {}, body } as never }),
      },
    })
    await fc.assert(
      fc.asyncProperty(page, async (given) => {
        body = Buffer.from(write(given))
        const ours = parseListPage(body)
        const theirs = await client.send(new ListObjectsV2Command({ Bucket: 'b' }))
        const decode = (text = '') =>
          given.isUrl ? decodeURIComponent(text.replaceAll('+', ' ')) : text
        expect(ours).toEqual({
          isTruncated: theirs.IsTruncated,
          token: theirs.NextContinuationToken,
          prefixes: (theirs.CommonPrefixes ?? []).map(({ Prefix }) => decode(Prefix)),
          objects: (theirs.Contents ?? []).map((each) => ({
            key: decode(each.Key),
            size: each.Size,
            etag: each.ETag || undefined,
            lastModified: each.LastModified?.getTime(),
            storageClass: each.StorageClass,
            checksumAlgorithms: each.ChecksumAlgorithm,
          })),
        })
        expect(ours.objects.map((each) => each.key)).toEqual(given.objects.map((each) => each.key))
      }),
      { numRuns: 500 },
    )
    client.destroy()
  })
})

function write({ objects, prefixes, token, isUrl }: Page): string {
  const name = (text: string) =>
    isUrl ? encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%2F', '/') : escape(text)
  const contents = objects.map(
    (
      each,
    ) => `<Contents>${each.unknown}<Key>${name(each.key)}</Key><LastModified>${each.time.toISOString()}</LastModified>
<ETag>${each.etag}</ETag>${each.algorithms.map((a) => `<ChecksumAlgorithm>${a}</ChecksumAlgorithm>`).join('')}<Size>${each.size}</Size>${
      each.storageClass === undefined ? '' : `<StorageClass>${each.storageClass}</StorageClass>`
    }</Contents>`,
  )
  return `<?xml version="1.0"?><ListBucketResult><Name>b</Name>${isUrl ? '<EncodingType>url</EncodingType>' : ''}
<IsTruncated>${token !== undefined}</IsTruncated>${
    token === undefined ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`
  }${contents.join('')}${prefixes
    .map((prefix) => `<CommonPrefixes><Prefix>${name(prefix)}</Prefix></CommonPrefixes>`)
    .join('\n')}</ListBucketResult>`
}

/** As XML says it: a line end as a reference, which a store must write so. */
function escape(text: string): string {
  return text.replace(/[&<>"\n]/g, (character) => `&#${character.charCodeAt(0)};`)
}
