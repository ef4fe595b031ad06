import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Checksum } from '../../../src/checksum/stored.ts'
import { TransferError } from '../../../src/errors.ts'
import { checkObject } from '../../../src/manifest/check-object.ts'
import type { ManifestRecord } from '../../../src/manifest/format.ts'
import type { ObjectInfo } from '../../../src/store/object-store.ts'
import { failureOf } from '../../helpers/failure.ts'
import { objectInfo } from '../transfer/run-fixture.ts'

const MD5 = createHash('md5').update('content').digest('hex')
const CRC32: Checksum = { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' }
const PARTS: Checksum = { algorithm: 'CRC32', value: 'AAAAAA==-2', type: 'COMPOSITE' }
const HASH: Checksum = {
  algorithm: 'MD5',
  value: Buffer.from(MD5, 'hex').toString('base64'),
  type: 'FULL_OBJECT',
}
const KMS = { serverSideEncryption: 'aws:kms' }

const RECORD: ManifestRecord = {
  bucket: 'b',
  key: 'p/a',
  size: 7,
  etag: 'x-2',
  verified: 'checksum',
  time: 0,
  name: 'a',
}
const INFO = objectInfo({ size: 7, etag: '"x-2"', checksums: {} })

interface Setting {
  readonly record?: Partial<ManifestRecord>
  readonly info?: Partial<ObjectInfo>
  readonly bucket?: string
  /** What reading it ends in; absent when it is not to be read. */
  readonly read?: () => Promise<{ readonly size: number; readonly isCompared: boolean }>
  readonly head?: () => Promise<ObjectInfo>
}

/** The verdict as text, and what was read for it. */
async function check({ record, info, bucket = 'b', read, head }: Setting): Promise<string[]> {
  const asked: string[] = []
  const { status, by, detail, error } = await checkObject(
    { ...RECORD, ...record },
    { bucket, key: 'p/a' },
    {
      store: { head: head ?? (() => Promise.resolve({ ...INFO, ...info })) },
      attributes: {},
      signal: new AbortController().signal,
      prove:
        read &&
        ((_, __, expected) => {
          asked.push(expected.algorithm)
          return read()
        }),
    },
  )
  return [
    [status, by ?? error?.code ?? detail].filter((word) => word !== undefined).join(' '),
    ...asked,
  ]
}

const same = () => Promise.resolve({ size: 7, isCompared: true })
const unknown = () => Promise.resolve({ size: 0, isCompared: false })
const others = () => Promise.reject(new TransferError('ERR_CHECKSUM_MISMATCH', 'other'))
const stored = { checksums: { CRC32: 'AAAAAA==' }, checksumType: 'FULL_OBJECT' } as const
const storedParts = { checksums: { CRC32: 'AAAAAA==-2' }, checksumType: 'COMPOSITE' } as const

describe('an object by HEAD', () => {
  it.each<[string, Setting, RegExp]>([
    [
      'a stored checksum that agrees',
      { record: { checksum: CRC32 }, info: stored },
      /^ok checksum$/,
    ],
    [
      'one that differs',
      { record: { checksum: { ...CRC32, value: 'AAAAAQ==' } }, info: stored },
      /^checksum CRC32 is AAAAAA==, not AAAAAQ==$/,
    ],
    [
      'a composite that agrees',
      { record: { checksum: PARTS }, info: storedParts },
      /^ok checksum$/,
    ],
    [
      'a composite of other parts',
      { record: { checksum: { ...PARTS, value: 'AAAAAQ==-2' } }, info: storedParts },
      /^ok etag$/,
    ],
    ['one of another type', { record: { checksum: CRC32 }, info: storedParts }, /^ok etag$/],
    ['one of another algorithm', { record: { checksum: HASH }, info: stored }, /^ok etag$/],
    [
      'an MD5 and an ETag that is it',
      { record: { checksum: HASH }, info: { etag: MD5 }, bucket: 'c' },
      /^ok checksum$/,
    ],
    [
      'an MD5 and an ETag that is another',
      { record: { checksum: HASH }, info: { etag: '0'.repeat(32) } },
      /^checksum MD5 is/,
    ],
    [
      'an MD5 and an ETag of KMS, which is none',
      { record: { checksum: HASH }, info: { etag: '0'.repeat(32), ...KMS }, bucket: 'c' },
      /^ok size$/,
    ],
    ['its ETag', {}, /^ok etag$/],
    ['another ETag', { info: { etag: '"y"' } }, /^changed ETag is y, not x-2; its bytes were not/],
    [
      'another ETag of the same bytes',
      { record: { checksum: CRC32 }, info: { ...stored, etag: '"y"' } },
      /^changed ETag is y, not x-2; the same bytes$/,
    ],
    ['another ETag elsewhere', { info: { etag: '"y"' }, bucket: 'c' }, /^ok size$/],
    [
      'another version',
      { record: { versionId: '1' }, info: { versionId: '2' } },
      /^changed version is 2, not 1; its bytes were not compared$/,
    ],
    ['no version by now', { record: { versionId: '1' } }, /^ok etag$/],
    ['its size alone', { record: { etag: undefined } }, /^ok size$/],
    ['another size', { info: { size: 8 } }, /^size 8 bytes, not 7$/],
  ])('is judged by %s', async (_, setting, verdict) => {
    const [found, ...asked] = await check(setting)
    expect(found).toMatch(verdict)
    expect(asked).toEqual([])
  })

  it('is missing, or cannot be looked at', async () => {
    const fail = (code: 'ERR_OBJECT_NOT_FOUND' | 'ERR_ACCESS_DENIED') => () =>
      Promise.reject(new TransferError(code, 'no'))
    expect(await check({ head: fail('ERR_OBJECT_NOT_FOUND') })).toEqual(['missing'])
    expect(await check({ head: fail('ERR_ACCESS_DENIED') })).toEqual([
      'unreadable ERR_ACCESS_DENIED',
    ])
  })
})

describe('an object that is read', () => {
  it.each<[string, Setting, RegExp, readonly string[]]>([
    [
      'also where the stored checksum agrees',
      { record: { checksum: CRC32 }, info: stored, read: others },
      /^checksum its/,
      ['CRC32'],
    ],
    ['and agrees', { record: { checksum: CRC32 }, read: same }, /^ok checksum$/, ['CRC32']],
    [
      'and was written anew',
      { record: { checksum: CRC32 }, info: { etag: 'y' }, read: same },
      /^changed .*the same bytes$/,
      ['CRC32'],
    ],
    [
      'not where the stored checksum differs already',
      { record: { checksum: { ...CRC32, value: 'AAAAAQ==' } }, info: stored, read: same },
      /^checksum /,
      [],
    ],
    [
      'of parts that nobody knows',
      { record: { checksum: PARTS }, read: unknown },
      /^not-comp/,
      ['CRC32'],
    ],
    [
      'against the MD5 its ETag was',
      { record: { etag: MD5 }, info: { etag: MD5 }, read: same },
      /^ok checksum$/,
      ['MD5'],
    ],
    [
      'against what the store keeps of it',
      { info: stored, read: same },
      /^ok checksum$/,
      ['CRC32'],
    ],
    ['against nothing that is known', { read: same }, /^not-comparable /, []],
    [
      'against no ETag of KMS',
      { record: { etag: MD5 }, info: { etag: MD5, ...KMS }, read: same },
      /^not-comp/,
      [],
    ],
    [
      'not when its size differs',
      { record: { checksum: CRC32 }, info: { size: 8 }, read: same },
      /^size/,
      [],
    ],
  ])('%s', async (_, setting, verdict, algorithms) => {
    const [found, ...asked] = await check(setting)
    expect(found).toMatch(verdict)
    expect(asked).toEqual(algorithms)
  })

  it('until the engine is closed has no verdict', async () => {
    const read = () => Promise.reject(new TransferError('ERR_ABORTED', 'closed'))
    const error = await failureOf(check({ record: { checksum: CRC32 }, read }))
    expect(error.code).toBe('ERR_ABORTED')
  })

  it('and cannot be, is unreadable', async () => {
    const read = () => Promise.reject(new TransferError('ERR_OBJECT_CHANGED', 'no'))
    const found = await check({ record: { checksum: CRC32 }, read })
    expect(found).toEqual(['unreadable ERR_OBJECT_CHANGED', 'CRC32'])
  })
})
