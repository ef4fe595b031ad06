import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { findPlainStore, type PlainStore } from '../../../src/store/plain-store.ts'
import { PROFILES } from '../../../src/store/profiles.ts'
import type { S3StoreOptions } from '../../../src/store/s3-store-options.ts'
import { createS3Store } from '../../../src/store/s3-store.ts'

const KEYS = { accessKeyId: 'test-id', secretAccessKey: 'test-secret' }
const GIVEN = { endpoint: 'http://127.0.0.1:9000', region: 'eu-west-1', credentials: KEYS }
const TIMES = { connectTimeoutMs: 1000, readTimeoutMs: 1000 }

type Environment = Readonly<Record<string, string>>

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'transfer-engine-plain-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

/** With a home directory that has no `.aws`, unless a test makes one. */
function find(
  options: Partial<S3StoreOptions>,
  env: Environment = {},
): Promise<PlainStore | undefined> {
  return findPlainStore({ ...TIMES, ...options }, { HOME: directory, ...env })
}

describe('findPlainStore', () => {
  it('needs no more than endpoint, region and keys', async () => {
    const plain = await find(GIVEN)
    expect(plain?.settings).toEqual({
      region: 'eu-west-1',
      requestChecksumCalculation: 'WHEN_SUPPORTED',
      responseChecksumValidation: 'WHEN_SUPPORTED',
      profile: PROFILES.generic,
    })
    expect(plain?.credentials).toEqual({ ...KEYS, sessionToken: undefined, expiresAt: undefined })
    expect(plain?.address('bucket', 'eu-west-1')).toEqual({
      origin: 'http://127.0.0.1:9000',
      host: '127.0.0.1:9000',
      basePath: '/bucket',
      bucket: 'bucket',
      signing: { region: 'eu-west-1', service: 's3' },
    })
  })

  it('is what it is behind a proxy too', async () => {
    const env = { HTTPS_PROXY: 'http://p:1', http_proxy: 'p:1', ALL_PROXY: 'p:1', NO_PROXY: '*' }
    expect((await find(GIVEN, env))?.options).toEqual((await find(GIVEN))?.options)
  })

  it('puts the bucket before the name of a host, unless told otherwise', async () => {
    const endpoint = 'https://s3.example.com'
    const named = await find({ ...GIVEN, endpoint })
    expect(named?.address('bucket', 'auto')).toMatchObject({
      origin: 'https://bucket.s3.example.com',
      basePath: '',
      signing: { region: 'auto', service: 's3' },
    })
    const path = await find({ ...GIVEN, endpoint, forcePathStyle: true })
    expect(path?.address('bucket', 'auto')).toMatchObject({ origin: endpoint, basePath: '/bucket' })
  })

  it('takes from the environment what is not given', async () => {
    const plain = await find(
      {},
      {
        AWS_ENDPOINT_URL_S3: 'http://localhost:9000',
        AWS_ENDPOINT_URL: 'http://localhost:1',
        AWS_ACCESS_KEY_ID: 'env-id',
        AWS_SECRET_ACCESS_KEY: 'env-secret',
        AWS_SESSION_TOKEN: 'env-token',
      },
    )
    expect(plain?.settings.region).toBe('us-east-1')
    expect(plain?.credentials).toMatchObject({ accessKeyId: 'env-id', sessionToken: 'env-token' })
    expect(plain?.address('bucket', 'us-east-1')?.origin).toBe('http://localhost:9000')
  })

  it('signs nothing for anonymous requests', async () => {
    const plain = await find({ ...GIVEN, credentials: 'anonymous' })
    expect(plain?.credentials).toBeUndefined()
    expect(plain?.address('bucket', 'eu-west-1')?.signing).toBeUndefined()
  })

  it.each<[string, Partial<S3StoreOptions>, Environment]>([
    ['no endpoint', { endpoint: undefined }, {}],
    ['an endpoint of AWS', { endpoint: 'https://s3.eu-west-1.amazonaws.com' }, {}],
    ['a path behind the endpoint', { endpoint: 'http://127.0.0.1/base' }, {}],
    ['a user in the endpoint', { endpoint: 'http://me@127.0.0.1' }, {}],
    ['an endpoint without scheme', { endpoint: '127.0.0.1:9000' }, {}],
    ['an uncommon region', { region: 'fips-us-east-1' }, {}],
    ['no keys', { credentials: undefined }, {}],
    ['a provider of keys', { credentials: async () => KEYS }, {}],
    ['keys that expire', { credentials: { ...KEYS, expiration: new Date(0) } }, {}],
    ['half of the keys', { credentials: undefined }, { AWS_ACCESS_KEY_ID: 'env-id' }],
    ['a profile', { profile: 'lab' }, {}],
    ['acceleration', { accelerate: true }, {}],
    ['dual stack', { dualstack: true }, {}],
    ['FIPS', { fips: true }, {}],
    ['a checksum setting', {}, { AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED' }],
    ['an unknown setting', {}, { AWS_NEW_SETTING: '1' }],
    ['an empty setting', {}, { AWS_REGION: '' }],
  ])('leaves %s to the SDK', async (_, options, env) => {
    expect(await find({ ...GIVEN, ...options }, env)).toBeUndefined()
  })

  it('leaves the keys of the environment beside a profile to the SDK', async () => {
    const env = {
      AWS_PROFILE: 'lab',
      AWS_ACCESS_KEY_ID: 'env-id',
      AWS_SECRET_ACCESS_KEY: 'env-secret',
    }
    expect(await find({ ...GIVEN, credentials: undefined }, env)).toBeUndefined()
    expect(await find(GIVEN, env)).toBeDefined()
  })

  it('leaves a shared file with settings that matter to the SDK', async () => {
    const path = join(directory, 'shared')
    const find1 = (text: string, options: Partial<S3StoreOptions> = GIVEN) =>
      writeFile(path, text).then(() => find(options, { AWS_CONFIG_FILE: path }))
    expect(await find1('[default]\nregion = eu-north-1\n')).toBeDefined()
    const noRegion = { endpoint: GIVEN.endpoint, credentials: KEYS }
    expect(await find1('[default]\nregion = eu-north-1\n', noRegion)).toBeUndefined()
    expect(await find1('[default]\noutput = json\n', noRegion)).toBeDefined()
    expect(await find1('[default]\nrequest_checksum_calculation = x\n')).toBeUndefined()
    expect(await find1('[profile x]\nuse_fips_endpoint = true\n')).toBeUndefined()
    // A directory in place of the file cannot be read.
    expect(await find(GIVEN, { AWS_SHARED_CREDENTIALS_FILE: directory })).toBeUndefined()
  })

  it.each(['my.bucket', 'Upper', 'bucket--usw2-az1--x-s3', 'name-s3alias', 'arn:aws:s3:::x'])(
    'has no address for the bucket %s',
    async (bucket) => {
      expect((await find(GIVEN))?.address(bucket, 'eu-west-1')).toBeUndefined()
    },
  )

  it('has no address before which a bucket would have to stand and cannot', async () => {
    const plain = await find({ ...GIVEN, forcePathStyle: false })
    expect(plain?.address('bucket', 'eu-west-1')).toBeUndefined()
  })
})

describe('the route of a plain store', () => {
  it('follows the region and the clock that answers told', async () => {
    const store = createS3Store({ ...TIMES, ...GIVEN })
    const first = await store.route('bucket')
    expect(await store.route('bucket')).toBe(first)
    store.refresh('bucket', { region: 'eu-north-1' })
    store.noteClockOffset(90_000)
    expect(await store.route('bucket')).toEqual({
      ...first,
      signing: { region: 'eu-north-1', service: 's3' },
      clockOffsetMs: 90_000,
    })
    store.close()
    await expect(store.route('bucket')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
