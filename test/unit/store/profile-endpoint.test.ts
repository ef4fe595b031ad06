import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { findProfileEndpoint } from '../../../src/store/profile-endpoint.ts'

const CONFIG = `
# a comment
[default]
endpoint_url = https://default.test
[profile plain]
region=eu-west-1 ; a remark
endpoint_url=https://plain.test#part
[profile "quoted name"]
endpoint_url = https://quoted.test
[profile  with-services ]
services = lab
endpoint_url = https://general.test
s3 =
  addressing_style = path
[profile other-service]
services = only-dynamo
endpoint_url = https://general.test
[profile ignoring]
endpoint_url = https://ignored.test
ignore_configured_endpoint_urls = TRUE
[services lab]
dynamodb =
  endpoint_url = https://dynamo.test
s3 =
  endpoint_url = https://s3.test
[services only-dynamo]
dynamodb =
  endpoint_url = https://dynamo.test
`

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'transfer-engine-profile-'))
  path = join(directory, 'config')
  await writeFile(path, CONFIG)
})

afterEach(() => rm(directory, { recursive: true }))

describe('findProfileEndpoint', () => {
  it.each([
    ['default', 'https://default.test'],
    ['plain', 'https://plain.test#part'],
    ['quoted name', 'https://quoted.test'],
    ['with-services', 'https://s3.test'],
    ['other-service', 'https://general.test'],
    ['ignoring', undefined],
    ['absent', undefined],
  ])('finds for profile %s: %s', async (profile, endpoint) => {
    expect(await findProfileEndpoint(profile, { AWS_CONFIG_FILE: path })).toBe(endpoint)
  })

  it('lets variables override the file, the more specific first', async () => {
    const env = { AWS_CONFIG_FILE: path, AWS_ENDPOINT_URL: 'http://all.test' }
    expect(await findProfileEndpoint('plain', env)).toBe('http://all.test')
    const both = { ...env, AWS_ENDPOINT_URL_S3: 'http://s3only.test' }
    expect(await findProfileEndpoint('plain', both)).toBe('http://s3only.test')
    const ignored = { ...both, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }
    expect(await findProfileEndpoint('plain', ignored)).toBeUndefined()
  })

  it('finds nothing where there is no file', async () => {
    const env = { AWS_CONFIG_FILE: join(directory, 'absent') }
    expect(await findProfileEndpoint('plain', env)).toBeUndefined()
  })
})
