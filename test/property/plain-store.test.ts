import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { findPlainStore } from '../../src/store/plain-store.ts'
import { ControlTransport } from '../../src/store/control-transport.ts'
import { openClients } from '../../src/store/s3-clients.ts'
import { PROVIDER_NAMES } from '../../src/store/profiles.ts'
import type { S3StoreOptions } from '../../src/store/s3-store-options.ts'

/** Mostly what is plain, so that there is something to compare. */
function often<T>(plain: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 6, arbitrary: plain }, { weight: 1, arbitrary: other })
}

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined, freq: 2 })
}

function rarely<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return often<T | undefined>(fc.constant(undefined), value)
}

const scheme = fc.constantFrom('http://', 'https://')
const host = fc.oneof(
  fc.constantFrom('localhost', 'a.localhost', 'LOCALHOST', '127.0.0.1', '10.1.2.3', '[::1]'),
  fc.constantFrom('minio', 's3.example.com', 'S3.Example.COM', 'bücher.example', 'a_b.example'),
  fc.constantFrom(
    's3.eu-west-1.amazonaws.com',
    's3-fips.example',
    'x.vpce.amazonaws.com',
    '0x7f.1',
  ),
  fc.constantFrom('s3.us-west-2.api.aws', 'abc.r2.cloudflarestorage.com', 'fly.storage.tigris.dev'),
  fc.domain(),
)
const port = fc.constantFrom('', ':80', ':443', ':9000', ':65535')
const path = often(fc.constantFrom('', '/'), fc.constantFrom('/base', '/base/', '?x=1', '#x'))
const endpoint = fc
  .tuple(scheme, host, port, path)
  .map((pieces) => pieces.join(''))
  .filter((url) => URL.canParse(url))
const region = often(
  fc.constantFrom('us-east-1', 'eu-central-1', 'auto', 'garage', 'us-gov-west-1', 'cn-north-1'),
  fc.oneof(
    fc.constantFrom('aws-global', 's3-external-1', 'fips-us-east-1', 'us-east-1-fips', 'EU'),
    fc.constantFrom('x', 'default', 'eu_west', 'region-one', 'us-iso-east-1', '1', 'a--b', ''),
    fc.stringMatching(/^[a-z0-9-]{1,20}$/),
  ),
)
const bucket = often(
  fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/),
  fc.oneof(
    fc.constantFrom('a1b', 'my.bucket', 'Upper', 'under_score', '192.168.1.1', 'xn--abc'),
    fc.constantFrom('b--usw2-az1--x-s3', 'name-s3alias', 'op--op-s3', 'a--table-s3', 'ab'),
    fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
  ),
)
const KEYS = { accessKeyId: 'test-id', secretAccessKey: 'test-secret' }

const options = fc.record({
  endpoint: maybe(endpoint),
  region: maybe(region),
  credentials: fc.constantFrom<S3StoreOptions['credentials']>(
    KEYS,
    { ...KEYS, sessionToken: 'test-token' },
    'anonymous',
    undefined,
  ),
  forcePathStyle: maybe(fc.boolean()),
  requestChecksumCalculation: rarely<'WHEN_REQUIRED' | 'WHEN_SUPPORTED'>(
    fc.constantFrom('WHEN_REQUIRED', 'WHEN_SUPPORTED'),
  ),
  provider: rarely(fc.constantFrom(...PROVIDER_NAMES)),
  connectTimeoutMs: fc.constant(1000),
  readTimeoutMs: fc.constant(1000),
})
const environment = fc.record({
  AWS_ENDPOINT_URL: maybe(endpoint),
  AWS_ENDPOINT_URL_S3: maybe(endpoint),
  AWS_REGION: maybe(region),
  AWS_DEFAULT_REGION: maybe(region),
  AWS_ACCESS_KEY_ID: fc.constantFrom('env-id', 'env-id', undefined),
  AWS_SECRET_ACCESS_KEY: fc.constantFrom('env-secret', 'env-secret', undefined),
  AWS_SESSION_TOKEN: maybe(fc.constant('env-token')),
})
/** Variables of which one is set at times; some of them change everything. */
const SETTINGS = {
  AWS_PROFILE: 'lab',
  AWS_USE_FIPS_ENDPOINT: 'true',
  AWS_USE_DUALSTACK_ENDPOINT: 'true',
  AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED',
  AWS_RESPONSE_CHECKSUM_VALIDATION: 'WHEN_REQUIRED',
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
  AWS_MAX_ATTEMPTS: '7',
} as const
const setting = rarely(fc.constantFrom(...Object.entries(SETTINGS)))
/** Shared config, whose settings the SDK may mix in. */
const config = rarely(
  fc.constantFrom(
    '[default]\nregion = eu-north-1\n',
    '[default]\noutput = json\n[profile lab]\nendpoint_url = http://127.0.0.1:7000\n',
    '[default]\nendpoint_url = http://127.0.0.1:7001\nregion = eu-north-1\n',
    '[default]\nrequest_checksum_calculation = when_required\n',
    '[default]\nuse_dualstack_endpoint = true\n',
    '[default]\nignore_configured_endpoint_urls = true\n',
  ),
)

let directory: string
let runs = 0

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'transfer-engine-plain-'))
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'credentials'))
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true })
})

// Nothing is sent.
const transport = new ControlTransport({ connectTimeoutMs: 1000, readTimeoutMs: 1000 })

describe('a plain store', () => {
  it('says what the SDK says of settings, keys and addresses, or nothing', async () => {
    let told = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record({ options, environment, setting, config, bucket }),
        async (given) => {
          await setEnvironment(given)
          const plain = await findPlainStore(given.options)
          if (plain === undefined) return
          const clients = await openClients(given.options, undefined, transport)
          try {
            expect(plain.settings).toEqual(clients.settings)
            const expected = given.options.credentials === 'anonymous' ? undefined : true
            if (expected) expect(plain.credentials).toEqual(await clients.credentials())
            else expect(plain.credentials).toBeUndefined()
            const address = plain.address(given.bucket, plain.settings.region)
            if (address === undefined) return
            told += 1
            expect(address).toEqual(await clients.probe(given.bucket, plain.settings.region))
          } finally {
            clients.destroy()
          }
        },
      ),
      { numRuns: 1000 },
    )
    // Otherwise nothing would have been compared.
    expect(told).toBeGreaterThan(100)
  })

  it('gives an SDK loaded later the same addresses', async () => {
    let told = 0
    await fc.assert(
      fc.asyncProperty(fc.record({ options, environment, bucket }), async (given) => {
        await setEnvironment({ ...given, setting: undefined, config: undefined })
        const plain = await findPlainStore(given.options)
        const address = plain?.address(given.bucket, plain.settings.region)
        if (plain === undefined || address === undefined) return
        told += 1
        const clients = await openClients(given.options, plain, transport)
        expect(await clients.probe(given.bucket, plain.settings.region)).toEqual(address)
        clients.destroy()
      }),
      { numRuns: 400 },
    )
    expect(told).toBeGreaterThan(50)
  })
})

async function setEnvironment(given: {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly setting: readonly [string, string] | undefined
  readonly config: string | undefined
}): Promise<void> {
  for (const [name, value] of Object.entries(given.environment)) vi.stubEnv(name, value)
  for (const name of Object.keys(SETTINGS)) vi.stubEnv(name, undefined)
  if (given.setting !== undefined) vi.stubEnv(...given.setting)
  // The SDK keeps what it read by its path.
  runs += 1
  const path = join(directory, `config-${runs}`)
  if (given.config !== undefined) await writeFile(path, given.config)
  vi.stubEnv('AWS_CONFIG_FILE', path)
}
