import { describe, expect, test } from 'vitest'
import { retouch, scriptedAnswer } from '../../src/local-store/fault-answers.ts'
import type { Answer } from '../../src/local-store/context.ts'
import { parseFaultRule } from '../../src/local-store/fault-parse.ts'
import { FaultRules } from '../../src/local-store/fault-rules.ts'
import type { FaultMatch, FaultRule, RequestFacts } from '../../src/local-store/fault-types.ts'

const FACTS: RequestFacts = {
  operation: 'UploadPart',
  bucket: 'bucket',
  key: 'dir/key.bin',
  partNumber: 3,
  rangeStart: undefined,
  connection: 7,
  accessKeyId: 'TESTKEY',
}

function documentOf({ body }: Answer): string {
  if (typeof body === 'string') return body
  throw new Error('not a document')
}

const FAULT = { kind: 'wrong-checksum' } as const

/** How often a rule strikes in so many equal requests. */
function strikes(rule: Omit<FaultRule, 'fault'>, requests: number): number[] {
  const rules = new FaultRules()
  rules.add({ ...rule, fault: FAULT })
  return Array.from({ length: requests }, (_, index) => rules.take(FACTS, index * 100).length)
}

describe('fault rules', () => {
  test.each<[string, FaultMatch, number]>([
    ['nothing', {}, 1],
    ['the operation', { operation: 'UploadPart' }, 1],
    ['another operation', { operation: 'PutObject' }, 0],
    ['one of several operations', { operation: ['PutObject', 'UploadPart'] }, 1],
    ['the bucket', { bucket: 'bucket' }, 1],
    ['another bucket', { bucket: 'b' }, 0],
    ['the whole key', { key: 'dir/key.bin' }, 1],
    ['a piece of the key', { key: 'key.bin' }, 0],
    ['a pattern of the key', { keyPattern: 'key\\.b' }, 1],
    ['another pattern', { keyPattern: '^key' }, 0],
    ['the part', { partNumber: 3 }, 1],
    ['one of several parts', { partNumber: [1, 3] }, 1],
    ['another part', { partNumber: 4 }, 0],
    ['a range that the request has not', { rangeStart: 0 }, 0],
    ['the connection', { connection: 7 }, 1],
    ['another access key', { accessKeyId: 'OTHER' }, 0],
    ['all of several conditions', { operation: 'UploadPart', partNumber: 3, bucket: 'bucket' }, 1],
    ['all but one', { operation: 'UploadPart', partNumber: 4, bucket: 'bucket' }, 0],
  ])('match on %s', (_, match, expected) => {
    expect(strikes({ match }, 1)).toEqual([expected])
  })

  test('skip and times count matching requests', () => {
    expect(strikes({ skip: 2, times: 2 }, 6)).toEqual([0, 0, 1, 1, 0, 0])
    expect(strikes({ match: { partNumber: 4 }, times: 1 }, 2)).toEqual([0, 0])
  })

  test('a duration starts with the first match', () => {
    expect(strikes({ durationMs: 250 }, 5)).toEqual([1, 1, 1, 0, 0])
  })

  test('a probability is kept roughly and repeated exactly', () => {
    const first = strikes({ probability: 0.25, seed: 42 }, 2000)
    const struck = first.reduce((sum, one) => sum + one, 0)
    expect(struck).toBeGreaterThan(400)
    expect(struck).toBeLessThan(600)
    expect(strikes({ probability: 0.25, seed: 42 }, 2000)).toEqual(first)
    expect(strikes({ probability: 0.25, seed: 43 }, 2000)).not.toEqual(first)
    expect(strikes({ probability: 0 }, 5)).toEqual([0, 0, 0, 0, 0])
  })

  test('all matching rules apply in order, and can be removed', () => {
    const rules = new FaultRules()
    const first = rules.add({ fault: { kind: 'gzip' } })
    rules.add({ fault: FAULT })
    expect(rules.take(FACTS, 0).map(({ fault }) => fault.kind)).toEqual(['gzip', 'wrong-checksum'])
    expect([rules.remove(first), rules.remove(first)]).toEqual([true, false])
    expect(rules.take(FACTS, 0).map(({ fault }) => fault.kind)).toEqual(['wrong-checksum'])
    expect(rules.list()).toMatchObject([{ seen: 2, given: 2 }])
    rules.clear()
    expect(rules.take(FACTS, 0)).toEqual([])
  })

  test('connection rules never strike requests, nor the other way round', () => {
    const rules = new FaultRules()
    rules.add({ fault: { kind: 'never-read' }, match: { connection: 2 }, times: 1 })
    rules.add({ fault: FAULT })
    expect(rules.take(FACTS, 0).map(({ fault }) => fault.kind)).toEqual(['wrong-checksum'])
    const struck = [1, 2, 2].map((connection) => rules.takeConnection(connection, 0).length)
    expect(struck).toEqual([0, 1, 0])
  })
})

describe('rules that come as JSON', () => {
  test('a good one is taken as it is', () => {
    const rule = {
      match: { operation: ['GetObject'], keyPattern: '^a', partNumber: 1 },
      fault: { kind: 'answer', status: 503, code: 'SlowDown', headers: { a: 'b' } },
      times: 3,
      probability: 0.5,
    }
    expect(parseFaultRule(structuredClone(rule))).toEqual(rule)
  })

  test.each<[unknown, RegExp]>([
    [null, /rule to be an object/],
    [{}, /Missing field `fault`/],
    [{ fault: { kind: 'nonsense' } }, /Unknown fault kind: nonsense/],
    [{ fault: { kind: 'answer' } }, /Missing field `status`/],
    [{ fault: { kind: 'answer', status: '503' } }, /Bad value of `status`/],
    [{ fault: { kind: 'drop', at: 'later' } }, /Bad value of `at`/],
    [{ fault: { kind: 'gzip', level: 9 } }, /Unknown field `level`/],
    [{ fault: { kind: 'gzip' }, count: 1 }, /Unknown field `count`/],
    [{ fault: { kind: 'gzip' }, match: { op: 'GetObject' } }, /Unknown field `op`/],
    [{ fault: { kind: 'gzip' }, probability: 2 }, /Bad value of `probability`/],
  ])('%j is refused', (rule, expected) => {
    expect(() => parseFaultRule(rule)).toThrow(expected)
  })
})

describe('answers', () => {
  const document =
    '<?xml version="1.0"?><R><ETag>&quot;abc&quot;</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32>' +
    '<ChecksumType>FULL_OBJECT</ChecksumType><Part><PartNumber>2</PartNumber><Size>5</Size></Part>' +
    '<Part><PartNumber>3</PartNumber><Size>6</Size></Part></R>'
  const answer = {
    status: 200,
    headers: {
      etag: '"abc"',
      'x-amz-checksum-crc32': 'AAAAAA==',
      'x-amz-checksum-type': 'FULL_OBJECT',
      'content-range': 'bytes 5-9/20',
      'content-length': String(document.length),
    },
    body: document,
  }

  test('a made-up answer carries its code, message and headers', () => {
    const made = scriptedAnswer({
      kind: 'answer',
      status: 301,
      code: 'PermanentRedirect',
      extra: { Endpoint: 'elsewhere' },
      headers: { 'X-Amz-Bucket-Region': 'eu-west-1' },
      retryAfter: '7',
    })
    expect(made).toMatchObject({
      status: 301,
      headers: { 'retry-after': '7', 'x-amz-bucket-region': 'eu-west-1' },
    })
    expect(made.body).toMatch(/<Code>PermanentRedirect<.*<Endpoint>elsewhere</s)
  })

  test('broken documents are broken', () => {
    const make = (body: 'broken-xml' | 'error-without-code' | 'blanks' | 'empty'): unknown =>
      scriptedAnswer({ kind: 'answer', status: 500, body }).body
    expect(make('broken-xml')).not.toContain('</Error>')
    expect(make('error-without-code')).not.toContain('<Code>')
    expect(String(make('blanks')).trim()).toBe('')
    expect(make('empty')).toBe('')
  })

  test('ETags change in the header and in the document, and the length with them', () => {
    const changed = retouch(answer, { kind: 'wrong-etag', value: 'other' })
    expect(changed.headers['etag']).toBe('"other"')
    expect(changed.body).toContain('<ETag>&quot;other&quot;</ETag>')
    expect(changed.headers['content-length']).toBe(String(documentOf(changed).length))
  })

  test('checksums change or vanish everywhere', () => {
    const wrong = retouch(answer, { kind: 'wrong-checksum' })
    expect(wrong.headers['x-amz-checksum-crc32']).toBe('/////w==')
    expect(wrong.body).toContain('<ChecksumCRC32>/////w==</ChecksumCRC32>')
    expect(wrong.body).toContain('<ChecksumType>FULL_OBJECT</ChecksumType>')
    const hidden = retouch(answer, { kind: 'hide-checksums' })
    expect(Object.keys(hidden.headers).filter((name) => name.includes('checksum'))).toEqual([])
    expect(hidden.body).not.toContain('Checksum')
  })

  test('Content-Range and part lists lie', () => {
    const range = retouch(answer, { kind: 'content-range', shift: 1, total: 2 })
    expect(range.headers['content-range']).toBe('bytes 6-10/22')
    const list = retouch(answer, { kind: 'list-parts', omit: [2], sizeDelta: -1 })
    expect(documentOf(list).match(/<Size>\d+/g)).toEqual(['<Size>5'])
  })
})
