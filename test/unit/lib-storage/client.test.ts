import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { optionsOf } from '../../../src/lib-storage/client-engine.ts'
import { locationOf } from '../../../src/lib-storage/outcome.ts'

const KEYS = { accessKeyId: 'test', secretAccessKey: 'secret-test' }

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined)
  }
  vi.stubEnv('AWS_CONFIG_FILE', '/does/not/exist')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/does/not/exist')
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true')
})
afterEach(() => vi.unstubAllEnvs())

function clientOf(config: S3ClientConfig): S3Client {
  return new S3Client({ region: 'eu-west-1', credentials: KEYS, ...config })
}

describe('the options of an engine', () => {
  it.each<[S3ClientConfig, object]>([
    [{}, { region: 'eu-west-1', endpoint: undefined, pathStyle: false, accelerate: false }],
    [{ endpoint: 'http://127.0.0.1:9000' }, { endpoint: 'http://127.0.0.1:9000' }],
    [{ endpoint: 'https://store.test/base' }, { endpoint: 'https://store.test/base' }],
    [{ region: async () => 'us-west-2' }, { region: 'us-west-2' }],
    [{ forcePathStyle: true }, { pathStyle: true }],
    [{ useAccelerateEndpoint: true }, { accelerate: true }],
    [{ useDualstackEndpoint: true }, { dualstack: true, fips: false }],
    [{ useFipsEndpoint: true }, { dualstack: false, fips: true }],
    [{}, { requestChecksumCalculation: 'WHEN_SUPPORTED', resume: 'off' }],
    [
      { requestChecksumCalculation: 'WHEN_REQUIRED' },
      { requestChecksumCalculation: 'WHEN_REQUIRED' },
    ],
  ])('follow a client made with %o', async (config, options) => {
    expect(await optionsOf(clientOf(config))).toMatchObject(options)
  })

  it('follow the environment as the client does', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:9000')
    expect((await optionsOf(clientOf({}))).endpoint).toBe('http://127.0.0.1:9000')
    const { endpoint } = await optionsOf(clientOf({ endpoint: 'http://127.0.0.1:9001' }))
    expect(endpoint).toBe('http://127.0.0.1:9001')
  })

  it.each([
    ['bucketEndpoint', { bucketEndpoint: true }],
    ['ignoreConfiguredEndpointUrls', { ignoreConfiguredEndpointUrls: true }],
    ['region', { region: () => Promise.reject(new Error('nobody knows')) }],
  ])('cannot be had from a client with %s', async (option, config) => {
    await expect(optionsOf(clientOf(config))).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      context: { option },
    })
  })

  it('ask for fresh keys when they are asked for again', async () => {
    let count = 0
    const credentials = async (): Promise<typeof KEYS> => {
      count += 1
      return { ...KEYS, accessKeyId: `key-${count}` }
    }
    const client = clientOf({ credentials })
    const options = await optionsOf(client)
    const ask = options.credentials as () => Promise<typeof KEYS>
    const first = await ask()
    expect((await ask()).accessKeyId).not.toBe(first.accessKeyId)
    client.destroy()
  })
})

describe('the location', () => {
  const OBJECT = { bucket: 'bucket', key: 'a b/ü(1)' }
  const PATH = 'a%20b/%C3%BC%281%29'

  it.each<[S3ClientConfig, string | undefined, string]>([
    [{}, undefined, 'https://bucket.s3.eu-west-1.amazonaws.com'],
    [{ forcePathStyle: true }, undefined, 'https://s3.eu-west-1.amazonaws.com/bucket'],
    [{ useAccelerateEndpoint: true }, undefined, 'https://bucket.s3-accelerate.amazonaws.com'],
    [
      { useDualstackEndpoint: true },
      undefined,
      'https://bucket.s3.dualstack.eu-west-1.amazonaws.com',
    ],
    [{}, 'https://store.test', 'https://bucket.store.test'],
    [{}, 'http://127.0.0.1:9000/base', 'http://127.0.0.1:9000/base/bucket'],
    [{ forcePathStyle: true }, 'http://store.test:80', 'http://store.test/bucket'],
  ])('for %o at %s is below %s', async (config, endpoint, base) => {
    expect(await locationOf(clientOf(config).config, endpoint, OBJECT)).toBe(`${base}/${PATH}`)
  })

  it('is refused for a bucket that has none', async () => {
    const object = { bucket: 'arn:aws:s3', key: 'key' }
    await expect(locationOf(clientOf({}).config, undefined, object)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      context: { option: 'Bucket' },
    })
  })
})
