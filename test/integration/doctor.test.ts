import type { FaultRule, LocalStoreOptions } from 'transfer-engine/testing'
import { describe, expect, test } from 'vitest'
import { AS_S3, examine, type Results } from './doctor-fixture.ts'

// Most of the time goes in silences, to see how long a connection is kept.
const NO_CHECKSUMS = {
  'checksum-crc32': 'ignored',
  'checksum-crc32c': 'ignored',
  'checksum-crc64nvme': 'ignored',
  'checksum-sha256': 'ignored',
  'multipart-checksum': 'ignored',
}

describe.concurrent('the doctor finds what a store does', () => {
  test.each<[NonNullable<LocalStoreOptions['dialect']>, Results]>([
    ['aws', {}],
    ['rgw16', { ...NO_CHECKSUMS, attributes: 'missing' }],
    [
      'swift',
      {
        ...NO_CHECKSUMS,
        attributes: 'missing',
        'if-none-match-write': 'refused',
        'if-match-write': 'refused',
        'delete-objects': 'needs-md5',
      },
    ],
    [
      'minimal',
      {
        ...NO_CHECKSUMS,
        'multipart-etag': 'opaque',
        'if-match-read': 'ignored',
        'list-parts': 'missing',
        'list-uploads': 'missing',
        'part-copy': 'missing',
      },
    ],
    ['r2', { 'unequal-parts': 'refused' }],
    ['http10', { 'keep-alive': 'closed' }],
    [
      'gcs',
      {
        ...NO_CHECKSUMS,
        attributes: 'missing',
        'part-copy': 'missing',
        'delete-objects': 'missing',
      },
    ],
    [
      'ovh',
      {
        'checksum-crc32': 'refused',
        'checksum-crc64nvme': 'refused',
        'multipart-checksum': 'refused',
        'delete-objects': 'needs-md5',
      },
    ],
  ])('%s', async (dialect, differences) => {
    const { outcome, results, events, left } = await examine({ dialect })
    expect(results).toMatchObject({ ...AS_S3, ...differences })
    expect(left).toEqual([])
    expect(outcome).toMatchObject({ code: 0, err: '' })
    expect(events('result')).toMatchObject([{ usable: true, provider: 'generic' }])
    // A store of no known kind counts as S3; so each thing it does otherwise is told, if it is compared.
    const told = events('difference').map(({ probe }) => String(probe))
    expect(Object.keys(differences)).toEqual(expect.arrayContaining(told))
    expect(told.includes('checksum-crc32')).toBe('checksum-crc32' in differences)
  })

  test('a profile that says so makes no difference of it', async () => {
    const { events } = await examine({ dialect: 'gcs', argv: ['--provider', 'gcs'] })
    const told = events('difference').map(({ probe }) => probe)
    // Of tags it says that there are none.
    expect(told).toEqual(['tagging'])
    expect(events('result')).toMatchObject([{ provider: 'gcs' }])
  })

  test.each<[string, FaultRule['fault'], string | undefined, Results]>([
    [
      'a listing that begins at the beginning',
      { kind: 'set-query', name: 'start-after', value: '' },
      'ListObjectsV2',
      { 'start-after': 'ignored' },
    ],
    [
      'conditions that are not seen',
      { kind: 'ignore-header', header: 'if-none-match' },
      'PutObject',
      { 'if-none-match-write': 'ignored', 'if-match-write': 'honoured' },
    ],
    [
      'tags that are not kept',
      { kind: 'ignore-header', header: 'x-amz-tagging' },
      'PutObject',
      { tagging: 'ignored' },
    ],
    [
      'a wrong MD5 that is not seen',
      { kind: 'ignore-header', header: 'content-md5' },
      'PutObject',
      { 'content-md5': 'ignored' },
    ],
  ])('%s', async (_, fault, operation, differences) => {
    const { results, left } = await examine({ faults: [{ match: { operation }, fault }] })
    expect(results).toMatchObject({ ...AS_S3, ...differences })
    expect(left).toEqual([])
  })

  test('a range that is answered with the whole makes it unusable', async () => {
    const fault = { kind: 'ignore-header', header: 'range' } as const
    const { outcome, results } = await examine({ faults: [{ match: {}, fault }] })
    expect(results).toMatchObject({ range: 'ignored' })
    expect(outcome.code).toBe(1)
  })

  test('a connection that is not kept, and what to set', async () => {
    const { results, events } = await examine({ keepAliveTimeoutMs: 3900 })
    expect(results).toMatchObject({ 'keep-alive': 'short' })
    expect(events('advice').map(({ setting }) => setting)).toContain('idleTimeoutMs')
  })

  test('a clock that is wrong, and goes on by that of the store', async () => {
    const { outcome, results } = await examine({ now: () => Date.now() + 3_600_000 })
    expect(results).toMatchObject({ clock: 'off', write: 'yes' })
    expect(outcome.code).toBe(0)
  })
})

describe.concurrent('the doctor advises', () => {
  test('what is sent instead of a checksum that is refused', async () => {
    const { events } = await examine({ dialect: 'ovh' })
    expect(events('advice')).toContainEqual(
      expect.objectContaining({ setting: '--checksum-algorithm', value: 'CRC32C' }),
    )
  })

  test('no checksums where they are thrown away, unless none is sent', async () => {
    const settings = async (argv: readonly string[]) =>
      (await examine({ dialect: 'rgw16', argv })).events('advice').map(({ setting }) => setting)
    expect(await settings([])).toContain('--no-checksums')
    expect(await settings(['--no-checksums'])).not.toContain('--no-checksums')
    expect(await settings(['--provider', 'ceph'])).not.toContain('--no-checksums')
  })
})
