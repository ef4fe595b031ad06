import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { ObjectStore } from '../../../src/store/object-store.ts'
import { PROFILES } from '../../../src/store/profiles.ts'
import type { S3StoreOptions } from '../../../src/store/s3-store-options.ts'
import { createS3Store } from '../../../src/store/s3-store.ts'

const KEYS = Object.freeze({ accessKeyId: 'test', secretAccessKey: 'secret-test' })
const ACCESS_POINT = 'arn:aws:s3:us-west-2:123456789012:accesspoint/mine'

let directory: string
let stores: ObjectStore[]

beforeEach(async () => {
  stores = []
  directory = await mkdtemp(join(tmpdir(), 'transfer-engine-route-'))
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'config'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'credentials'))
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  for (const store of stores) store.close()
  await rm(directory, { recursive: true })
})

function open(options: Partial<S3StoreOptions> = {}): ObjectStore {
  const store = createS3Store({
    credentials: KEYS,
    connectTimeoutMs: 1000,
    readTimeoutMs: 1000,
    ...options,
  })
  stores.push(store)
  return store
}

describe('route', () => {
  it.each<[string, Partial<S3StoreOptions>, string, string, string]>([
    ['AWS', { region: 'eu-west-1' }, 'bkt', 'https://bkt.s3.eu-west-1.amazonaws.com', ''],
    [
      'a dotted bucket',
      { region: 'eu-west-1' },
      'my.bkt',
      'https://s3.eu-west-1.amazonaws.com',
      '/my.bkt',
    ],
    [
      'path style',
      { region: 'eu-west-1', forcePathStyle: true },
      'bkt',
      'https://s3.eu-west-1.amazonaws.com',
      '/bkt',
    ],
    ['a compatible store', { endpoint: 'https://s3.test' }, 'bkt', 'https://bkt.s3.test', ''],
    ['localhost', { endpoint: 'http://localhost:9000' }, 'bkt', 'http://localhost:9000', '/bkt'],
    ['an IPv4 address', { endpoint: 'http://10.0.0.1' }, 'bkt', 'http://10.0.0.1', '/bkt'],
    ['an IPv6 address', { endpoint: 'http://[::1]:9000' }, 'bkt', 'http://[::1]:9000', '/bkt'],
    [
      'a path before the bucket',
      { endpoint: 'http://[::1]:1/x/' },
      'bkt',
      'http://[::1]:1',
      '/x/bkt',
    ],
    [
      'dual stack with FIPS',
      { region: 'us-west-2', dualstack: true, fips: true },
      'bkt',
      'https://bkt.s3-fips.dualstack.us-west-2.amazonaws.com',
      '',
    ],
    [
      'acceleration',
      { region: 'us-west-2', accelerate: true },
      'bkt',
      'https://bkt.s3-accelerate.amazonaws.com',
      '',
    ],
    [
      'an access point',
      { region: 'us-west-2' },
      ACCESS_POINT,
      'https://mine-123456789012.s3-accesspoint.us-west-2.amazonaws.com',
      '',
    ],
  ])('addresses %s as the SDK does', async (_, options, bucket, origin, basePath) => {
    const route = await open(options).route(bucket)
    expect(route).toMatchObject({ origin, basePath, bucket, host: new URL(origin).host })
    expect(route.signing).toEqual({ region: options.region ?? 'us-east-1', service: 's3' })
    expect(route.credentials).toMatchObject(KEYS)
  })

  it('signs the payload where nothing else protects it', async () => {
    const secure = { endpoint: 'https://s3.test' }
    expect((await open(secure).route('bkt')).signPayload).toBe(false)
    expect((await open({ endpoint: 'http://s3.test' }).route('bkt')).signPayload).toBe(true)
    vi.stubEnv('AWS_REQUEST_CHECKSUM_CALCULATION', 'WHEN_REQUIRED')
    const store = open(secure)
    expect((await store.route('bkt')).signPayload).toBe(true)
    expect(await store.settings()).toEqual({
      region: 'us-east-1',
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_SUPPORTED',
      profile: PROFILES.generic,
    })
  })

  it('may be told whether checksums are wanted, before the environment', async () => {
    vi.stubEnv('AWS_REQUEST_CHECKSUM_CALCULATION', 'WHEN_REQUIRED')
    const endpoint = 'https://s3.test'
    const store = open({ endpoint, requestChecksumCalculation: 'WHEN_SUPPORTED' })
    expect(await store.settings()).toMatchObject({ requestChecksumCalculation: 'WHEN_SUPPORTED' })
    expect((await store.route('bkt')).signPayload).toBe(false)
  })

  it.each([
    ['https://s3.test', 'always', true],
    ['http://s3.test', 'never', false],
    ['http://s3.test', 'auto', true],
  ] as const)('for %s with `payloadSigning: %s` signs the payload: %s', async (...row) => {
    const [endpoint, payloadSigning, signPayload] = row
    const route = await open({ endpoint, payloadSigning }).route('bkt')
    expect(route.signPayload).toBe(signPayload)
  })

  it('leaves anonymous routes without scope and credentials', async () => {
    const route = await open({ credentials: 'anonymous', region: 'us-east-1' }).route('bkt')
    expect([route.signing, route.credentials]).toEqual([undefined, undefined])
  })

  it.each([
    ['AWS_ENDPOINT_URL_S3', 'http://localhost:7001'],
    ['AWS_ENDPOINT_URL', 'http://localhost:7002'],
  ])('takes the endpoint from %s', async (name, url) => {
    vi.stubEnv(name, url)
    expect(await open().route('bkt')).toMatchObject({ origin: url, basePath: '/bkt' })
  })

  it('takes region, endpoint and keys from a profile', async () => {
    await writeFile(
      join(directory, 'config'),
      `[profile lab]
region = eu-north-1
services = local
[services local]
s3 =
  endpoint_url = http://127.0.0.1:7003
`,
    )
    await writeFile(
      join(directory, 'credentials'),
      '[lab]\naws_access_key_id = lab-id\naws_secret_access_key = lab-test\n',
    )
    const route = await open({ profile: 'lab', credentials: undefined }).route('bkt')
    expect(route).toMatchObject({
      origin: 'http://127.0.0.1:7003',
      basePath: '/bkt',
      signing: { region: 'eu-north-1', service: 's3' },
      credentials: { accessKeyId: 'lab-id', secretAccessKey: 'lab-test' },
    })
  })

  it('does not send the keys of one profile to the endpoint of another', async () => {
    await writeFile(
      join(directory, 'config'),
      `[profile a]
region = us-east-1
endpoint_url = http://127.0.0.1:7004
[profile b]
region = eu-west-1
`,
    )
    vi.stubEnv('AWS_PROFILE', 'a')
    expect((await open().route('bkt')).origin).toBe('http://127.0.0.1:7004')
    expect((await open({ profile: 'b' }).route('bkt')).origin).toBe(
      'https://bkt.s3.eu-west-1.amazonaws.com',
    )
  })

  it('takes region and keys from the environment', async () => {
    vi.stubEnv('AWS_REGION', 'ap-south-1')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'env-id')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'env-test')
    vi.stubEnv('AWS_SESSION_TOKEN', 'env-token')
    const route = await open({ credentials: undefined }).route('bkt')
    expect(route.signing?.region).toBe('ap-south-1')
    expect(route.credentials).toMatchObject({ accessKeyId: 'env-id', sessionToken: 'env-token' })
  })

  it.each<[string, Partial<S3StoreOptions>, string, string | undefined]>([
    ['no region', {}, 'ERR_OPTION_INVALID', 'region'],
    ['an impossible region', { region: 'not a region' }, 'ERR_OPTION_INVALID', 'region'],
    [
      'an endpoint without scheme',
      { endpoint: 'localhost:9000' },
      'ERR_OPTION_INVALID',
      'endpoint',
    ],
    ['an endpoint that is no URL', { endpoint: 'nowhere' }, 'ERR_OPTION_INVALID', 'endpoint'],
    ['a user in it', { endpoint: 'https://me@host' }, 'ERR_OPTION_INVALID', 'endpoint'],
    ['a password in it', { endpoint: 'https://:canary@host' }, 'ERR_OPTION_INVALID', 'endpoint'],
    [
      'FIPS on a custom endpoint',
      { endpoint: 'http://127.0.0.1:1', fips: true },
      'ERR_OPTION_INVALID',
      'endpoint',
    ],
    [
      'no credentials',
      { region: 'us-east-1', credentials: undefined },
      'ERR_CREDENTIALS',
      undefined,
    ],
  ])('refuses %s', async (_, options, code, option) => {
    await expect(open(options).route('bkt')).rejects.toMatchObject({
      code,
      context: option === undefined ? {} : { option },
    })
  })

  it.each([
    ['a multi-region access point', 'arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap'],
    ['a directory bucket', 'bucket--usw2-az1--x-s3'],
  ])('says that %s is not supported yet', async (_, bucket) => {
    await expect(open({ region: 'us-west-2' }).route(bucket)).rejects.toMatchObject({
      code: 'ERR_NOT_SUPPORTED',
    })
  })
})

describe('credentials', () => {
  it('are asked for once while they last, and once more after refreshes', async () => {
    const provider = countingProvider(3_600_000)
    const store = open({ region: 'us-east-1', credentials: provider.credentials })
    const first = await store.route('bkt')
    expect(first.credentials?.expiresAt).toBeGreaterThan(Date.now() + 3_500_000)
    expect((await store.route('other')).credentials).toEqual(first.credentials)
    expect(provider.calls()).toBe(1)

    // Each of many parts reports the same expired token; one renewal serves them all.
    for (let n = 0; n < 3; n += 1) {
      store.refresh('bkt')
      await Promise.resolve()
      expect((await store.route('bkt')).credentials?.sessionToken).toBe('token-2')
    }
  })

  it('are renewed before less than five minutes are left', async () => {
    const provider = countingProvider(299_000)
    const store = open({ region: 'us-east-1', credentials: provider.credentials })
    const before = (await store.route('bkt')).credentials?.sessionToken
    const after = (await store.route('bkt')).credentials?.sessionToken
    expect(after).not.toBe(before)
  })

  it('report why a provider failed', async () => {
    const credentials = () => Promise.reject(new Error('vault is sealed'))
    await expect(open({ region: 'us-east-1', credentials }).route('bkt')).rejects.toMatchObject({
      code: 'ERR_CREDENTIALS',
      message: 'No usable credentials: vault is sealed',
    })
  })
})

describe('loading the SDK', () => {
  it('says nothing, and leaves the environment as it was', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    await open({ region: 'us-east-1' }).route('bkt')
    expect(warn).not.toHaveBeenCalled()
    expect(process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED']).toBeUndefined()
    warn.mockRestore()
  })
})

function countingProvider(lifeMs: number) {
  let calls = 0
  return {
    calls: () => calls,
    credentials: async () => {
      calls += 1
      const expiration = new Date(Date.now() + lifeMs)
      return { ...KEYS, sessionToken: `token-${calls}`, expiration }
    },
  }
}
