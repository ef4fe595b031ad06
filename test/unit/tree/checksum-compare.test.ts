import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ChecksumAlgorithm } from '../../../src/checksum/algorithms.ts'
import { TransferError } from '../../../src/errors.ts'
import type { ObjectInfo } from '../../../src/store/object-store.ts'
import { ChecksumVerdicts, compareContents } from '../../../src/tree/checksum-compare.ts'
import type { FileEntry, ObjectEntry } from '../../../src/tree/entries.ts'
import { collect } from '../../helpers/collect.ts'
import { failureOf } from '../../helpers/failure.ts'
import { objectInfo } from '../transfer/run-fixture.ts'

const CONTENT = 'content'
const MD5 = createHash('md5').update(CONTENT).digest('hex')
const MD5_BASE64 = Buffer.from(MD5, 'hex').toString('base64')

const file = (name = 'a', size = 7): FileEntry => {
  return { name, path: `/tree/${name}`, size, mtimeMs: 0, mode: 0o644 }
}
const object = (name = 'a', size = 7): ObjectEntry => {
  return { name, key: `p/${name}`, size, mtimeMs: 0, etag: undefined }
}

const INFO = objectInfo({ size: 7, etag: '"x-2"' })

interface Setting {
  readonly head?: (key: string) => Promise<ObjectInfo>
  readonly digest?: () => Promise<Uint8Array>
}

function optionsOf(info: Partial<ObjectInfo>, setting: Setting = {}) {
  const asked: string[] = []
  const { signal } = new AbortController()
  return {
    asked,
    bucket: 'b',
    attributes: { requestPayer: 'requester' as const },
    signal,
    store: {
      head: async ({ key }: { readonly key: string }, options: object = {}) => {
        expect(options).toEqual({ attributes: { requestPayer: 'requester' }, signal })
        return (await setting.head?.(key)) ?? { ...INFO, ...info }
      },
    },
    digest: async (path: string, algorithm: ChecksumAlgorithm): Promise<Uint8Array> => {
      asked.push(`${algorithm} ${path}`)
      return setting.digest?.() ?? createHash('md5').update(CONTENT).digest()
    },
  }
}

describe('a file and an object of one size', () => {
  const value = MD5_BASE64

  it.each<[string, Partial<ObjectInfo>, string | undefined, string | undefined]>([
    ['a full checksum that fits', { checksums: { SHA256: value } }, undefined, 'SHA256'],
    ['one that does not', { checksums: { SHA256: 'AAAA' } }, 'checksum', 'SHA256'],
    [
      'the cheapest of several',
      { checksums: { SHA256: 'AAAA', CRC32: value }, checksumType: 'FULL_OBJECT' },
      undefined,
      'CRC32',
    ],
    ['an ETag that is its MD5', { etag: `"${MD5}"` }, undefined, 'MD5'],
    ['one without quotes', { etag: MD5, serverSideEncryption: 'AES256' }, undefined, 'MD5'],
    [
      'an ETag that is another MD5',
      { etag: `"${MD5.replace(/./u, '_')}"` },
      'no-checksum',
      undefined,
    ],
    ['the MD5 of something else', { etag: `"${'0'.repeat(32)}"` }, 'checksum', 'MD5'],
    [
      'an ETag of KMS',
      { etag: `"${MD5}"`, serverSideEncryption: 'aws:kms' },
      'no-checksum',
      undefined,
    ],
    ['an ETag of parts', { etag: `"${MD5}-2"` }, 'no-checksum', undefined],
    [
      'a composite checksum',
      { checksums: { CRC32: `${value}-2` }, checksumType: 'COMPOSITE' },
      'no-checksum',
      undefined,
    ],
    ['another size by now', { size: 8 }, 'size', undefined],
  ])('are compared by %s', async (_, info, reason, algorithm) => {
    const options = optionsOf(info)
    const contents = await compareContents(file(), object(), options)
    expect(contents.reason).toBe(reason)
    const same = { algorithm, value, type: 'FULL_OBJECT' }
    expect(contents.checksum).toEqual(reason === undefined ? same : undefined)
    expect(options.asked).toEqual(algorithm === undefined ? [] : [`${algorithm} /tree/a`])
  })

  it('are not asked about when their sizes differ', async () => {
    const options = optionsOf({}, { head: () => expect.unreachable() })
    expect(await compareContents(file('a', 1), object(), options)).toEqual({ reason: 'size' })
  })

  it('differ when the object is gone, or the file cannot be read', async () => {
    const gone = () => Promise.reject(new TransferError('ERR_OBJECT_NOT_FOUND', 'gone'))
    const missing = optionsOf({}, { head: gone })
    expect(await compareContents(file(), object(), missing)).toEqual({ reason: 'missing' })
    const digest = () => Promise.reject(new TransferError('ERR_SOURCE_UNREADABLE', 'no'))
    const unreadable = optionsOf({ etag: MD5 }, { digest })
    expect(await compareContents(file(), object(), unreadable)).toEqual({ reason: 'checksum' })
  })

  it('have no verdict when the checksum could not be computed', async () => {
    const digest = () => Promise.reject(new TransferError('ERR_WORKER_LOST', 'lost'))
    const lost = optionsOf({ etag: MD5 }, { digest })
    const error = await failureOf(compareContents(file(), object(), lost))
    expect(error.code).toBe('ERR_WORKER_LOST')
  })
})

describe('verdicts', () => {
  it('are found for pairs that take part, in either direction, and keep what failed', async () => {
    const denied = new TransferError('ERR_ACCESS_DENIED', 'no')
    const head = (key: string): Promise<ObjectInfo> =>
      key === 'p/denied' ? Promise.reject(denied) : Promise.resolve({ ...INFO, etag: MD5 })
    const options = optionsOf({}, { head })
    const verdicts = new ChecksumVerdicts(options)
    const names = ['denied', 'down', 'out', 'up']
    const [first, second, third, fourth] = names
    const pairs = [
      { name: 'denied', source: file(first), destination: object(first) },
      { name: 'down', source: object(second), destination: file(second) },
      { name: 'out', source: file(third), destination: object(third) },
      { name: 'up', source: file(fourth), destination: object(fourth, 8) },
      { name: 'alone', source: file('alone') },
    ]
    async function* stream() {
      for (const pair of pairs) yield await Promise.resolve(pair)
    }
    const passed = await collect(verdicts.pairs(stream(), ({ name }) => name !== 'out'))
    expect(passed).toEqual(pairs)
    const found = pairs.map(({ source }) => verdicts.of(source))
    expect(found).toEqual([
      denied,
      { reason: undefined, checksum: { algorithm: 'MD5', value: MD5_BASE64, type: 'FULL_OBJECT' } },
      undefined,
      { reason: 'size' },
      undefined,
    ])
    expect(options.asked).toEqual(['MD5 /tree/down'])
  })
})
