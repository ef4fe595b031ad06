import { describe, expect, it } from 'vitest'
import { decodeRecord, encodeRecord, originOf } from '../../../src/journal/codec.ts'
import { connectionOf, openAttributes, placeOf } from '../../../src/journal/identities.ts'
import type { JournalRecord } from '../../../src/journal/records.ts'
import {
  DOWNLOAD,
  journalOf,
  PLACE,
  UPLOAD,
  WHOLE_DOWNLOAD,
  WHOLE_UPLOAD,
} from './journal-fixture.ts'

describe('a record', () => {
  it.each([...WHOLE_UPLOAD, ...WHOLE_DOWNLOAD].map((record) => [record.type, record] as const))(
    'of type %s comes back as it was',
    (_, record) => {
      expect(decodeRecord(encodeRecord(record))).toEqual(record)
    },
  )

  it('may lack what is optional', () => {
    const { bucket, key, endpoint } = PLACE
    const place = { bucket, key, endpoint, region: undefined }
    const object = { etag: '"e"', size: 25, versionId: undefined }
    for (const record of [
      { ...UPLOAD, place },
      { ...DOWNLOAD, place, object },
    ]) {
      expect(decodeRecord(encodeRecord(record))).toEqual(record)
    }
  })

  it.each([
    ['no JSON', '{"type":"ended"'],
    ['no object', '[]'],
    ['no type', '{}'],
    ['an unknown type', '{"type":"deleted"}'],
    ['a type of every object', '{"type":"constructor"}'],
    ['a field too many', '{"type":"ended","why":1}'],
    ['a field too few', '{"type":"part","part":1,"size":1,"etag":"e"}'],
    ['an inherited field', '{"type":"created","__proto__":{"uploadId":"u"}}'],
    ['an empty upload id', '{"type":"created","uploadId":""}'],
    ['a text that is too long', `{"type":"created","uploadId":"${'u'.repeat(16 * 1024 + 1)}"}`],
    ['part 0', '{"type":"part","part":0,"size":1,"etag":"e","digest":"AAAAAA=="}'],
    ['half a part', '{"type":"part","part":1.5,"size":1,"etag":"e","digest":"AAAAAA=="}'],
    ['a digest that is none', '{"type":"part","part":1,"size":1,"etag":"e","digest":"%"}'],
    ['a negative offset', '{"type":"range","start":-1,"length":1,"digest":"AAAAAA=="}'],
    ['a size beyond numbers', '{"type":"range","start":1e300,"length":1,"digest":"AAAAAA=="}'],
    ['an inode that is a number', '{"type":"opened","file":{"dev":"1","ino":2}}'],
    ['an inode that is a word', '{"type":"opened","file":{"dev":"1","ino":"two"}}'],
  ])('with %s is none', (_, json) => {
    expect(decodeRecord(json)).toBeUndefined()
  })

  it.each<[string, JournalRecord]>([
    ['a relative path', { ...UPLOAD, path: 'b.bin' }],
    ['an unknown algorithm', { ...UPLOAD, algorithm: 'CRC16' as 'CRC32' }],
    ['no bytes', { ...DOWNLOAD, object: { ...DOWNLOAD.object, size: 0 } }],
    ['a password in its endpoint', withEndpoint('https://user:word@store.example')],
    ['a query in its endpoint', withEndpoint('https://store.example/?X-Amz-Signature=ab')],
    ['no endpoint', withEndpoint('store.example')],
  ])('with %s is not written', (_, record) => {
    expect(() => encodeRecord(record)).toThrow(/can be read again/)
  })

  it('names of an endpoint scheme, host and port', () => {
    expect(originOf('https://user:word@store.example:9000/path?query#hash')).toBe(
      'https://store.example:9000',
    )
    expect(originOf('file:///etc')).toBeUndefined()
    expect(originOf('nonsense')).toBeUndefined()
  })
})

describe('a journal', () => {
  it('holds no secret of what it was made from', () => {
    const secret = 'CANARY'
    const route = {
      origin: `https://${secret}user:${secret}word@store.example/?X-Amz-Security-Token=${secret}`,
      host: 'store.example',
      basePath: '',
      bucket: 'bucket',
      signing: { region: 'eu-west-1', service: 's3' },
      credentials: {
        accessKeyId: `${secret}ID`,
        secretAccessKey: `${secret}KEY`,
        sessionToken: `${secret}TOKEN`,
      },
      signPayload: true,
      clockOffsetMs: 0,
    }
    const object = { bucket: 'bucket', key: 'key' }
    const attributes = openAttributes({
      sseCustomerKey: Buffer.from(secret.padEnd(32, '.')).toString('base64'),
      metadata: { note: 'kept' },
    })
    const { credentials } = route
    const secrets = { credentials, tlsPassphrase: secret, proxy: `http://${secret}@proxy` }
    const connection = connectionOf({
      ...secrets,
      endpoint: `https://${secret}:${secret}@store.example/base?X-Amz-Security-Token=${secret}#a`,
      profile: 'migration',
    })
    const place = placeOf(route, object)
    const begin = { ...UPLOAD, place, attributes, connection }
    const text = journalOf([begin, ...WHOLE_UPLOAD.slice(1)]).toString()
    expect(text).toContain('"endpoint":"https://store.example/base"')
    expect(text).toContain('"profile":"migration"')
    expect(text).toContain('"note":"kept"')
    expect(text).toContain('"endpoint":"https://store.example"')
    expect(text).toContain('"region":"eu-west-1"')
    expect(text).not.toMatch(/CANARY/i)
    expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, 6))
    expect(text).not.toMatch(/x-amz-|secret|password|credential/i)
  })
})

function withEndpoint(endpoint: string): JournalRecord {
  return { ...UPLOAD, place: { ...PLACE, endpoint } }
}
