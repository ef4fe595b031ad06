/**
 * What can be said of a store without the SDK.
 *
 * Loading the SDK and asking it for the first route costs some 130 ms of CPU, a multiple of a small
 * upload. Where endpoint and keys are given and no setting is in sight that could change what the
 * SDK makes of them, the answer is short enough to be written down here. The bar is that the SDK
 * would say exactly the same, and a property test compares the two; whatever is not obviously
 * plain (a setting not known as harmless, a profile, a provider of keys, an access point) is
 * `undefined` here, and asked of the SDK.
 */

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { checksumModeOf, findProfile } from './find-profile.ts'
import type { StoreSettings } from './object-store.ts'
import type { RouteAddress } from './route-probe.ts'
import type { S3StoreOptions } from './s3-store-options.ts'
import type { Credentials } from './types.ts'
import { isLoopbackOrIp } from './uri.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A store that needs no SDK for its routes. */
export interface PlainStore {
  readonly settings: StoreSettings
  /** All that was found, so that an SDK loaded later needs to look for nothing. */
  readonly options: Pick<S3StoreOptions, 'endpoint' | 'region' | 'credentials' | 'forcePathStyle'>
  /** `undefined` sends anonymous requests. */
  readonly credentials: Credentials | undefined
  /** How to address a bucket; `undefined` for one that is not plain. */
  address(bucket: string, region: string): RouteAddress | undefined
}

/** Where a custom endpoint is without any region: what most compatible stores take. */
export const DEFAULT_REGION = 'us-east-1'

/** Variables the SDK reads that are read here as well, or change neither route nor settings. */
const HARMLESS: ReadonlySet<string> = new Set([
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CA_BUNDLE',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_MAX_ATTEMPTS',
  'AWS_RETRY_MODE',
  'AWS_PAGER',
  'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED',
])

/** Names in the shared files of settings that matter here, or a part of them. */
const SETTING_IN_FILE = /checksum|endpoint_urls|dualstack|fips|auth_scheme|sigv4a|s3_/i

/** Names that are no name of a region to the SDK, or stand for another, are left to it. */
const REGION = /^(?!.*(?:fips|global|external|pseudo))[a-z][a-z0-9]*(?:-[a-z0-9]+){0,4}$/

/** Names of buckets that mean nothing but a bucket, whether before the host or in the path. */
const BUCKET = /^(?!.*(?:--|-s3alias$))[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/

/** Hosts of AWS have rules of their own. */
const AWS_HOST = /amazonaws|\.aws$|\.api\.aws/

/** What can be said without the SDK. Reads the shared files; sends nothing. */
export async function findPlainStore(
  options: S3StoreOptions,
  env: Environment = process.env,
): Promise<PlainStore | undefined> {
  const { profile, accelerate, dualstack, fips } = options
  if (profile !== undefined || accelerate || dualstack || fips || !isHarmless(env)) return undefined
  const url = endpointOf(
    options.endpoint ?? (env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL']),
  )
  const identity = options.credentials === 'anonymous' ? 'anonymous' : keysOf(options, env)
  if (url === undefined || identity === undefined) return undefined
  const files = await Promise.all(sharedFiles(env).map((path) => readShared(path)))
  if (files.some((text) => text === undefined || SETTING_IN_FILE.test(text))) return undefined
  const given = options.region ?? env['AWS_REGION']
  // Without one given, any in the files would count.
  if (given === undefined && files.some((text) => /region/i.test(text ?? ''))) return undefined
  const region = given ?? DEFAULT_REGION
  if (!REGION.test(region)) return undefined
  const known = findProfile(options.provider, url.hostname)
  const isPathStyle = options.forcePathStyle ?? (known.pathStyle || isLoopbackOrIp(url.hostname))
  const isSigned = identity !== 'anonymous'
  return {
    options: {
      endpoint: url.origin,
      region,
      credentials: isSigned ? { ...identity, expiration: undefined } : identity,
      forcePathStyle: isPathStyle,
    },
    settings: {
      region,
      requestChecksumCalculation: options.requestChecksumCalculation ?? checksumModeOf(known),
      responseChecksumValidation: 'WHEN_SUPPORTED',
      profile: known,
    },
    credentials: isSigned ? identity : undefined,
    address: (bucket, signingRegion) =>
      BUCKET.test(bucket) && REGION.test(signingRegion)
        ? addressOf(url, bucket, isPathStyle, isSigned ? signingRegion : undefined)
        : undefined,
  }
}

function addressOf(
  url: URL,
  bucket: string,
  isPathStyle: boolean,
  region: string | undefined,
): RouteAddress | undefined {
  // Nothing can stand before an address; what the SDK does then is its own affair.
  if (!isPathStyle && isLoopbackOrIp(url.hostname)) return undefined
  const host = isPathStyle ? url.host : `${bucket}.${url.host}`
  return {
    origin: `${url.protocol}//${host}`,
    host,
    basePath: isPathStyle ? `/${bucket}` : '',
    bucket,
    signing: region === undefined ? undefined : { region, service: 's3' },
  }
}

/** Only variables whose meaning is known, and none of them empty, which each reader reads anew. */
function isHarmless(env: Environment): boolean {
  for (const name in env) {
    if (!name.toUpperCase().startsWith('AWS_')) continue
    if (!HARMLESS.has(name) || env[name] === '') return false
  }
  return true
}

/** A plain scheme, host and port. */
function endpointOf(endpoint: string | undefined): URL | undefined {
  if (endpoint === undefined || !/^https?:\/\/[^/@?#\\\s]+\/?$/.test(endpoint)) return undefined
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  return url === undefined || AWS_HOST.test(url.hostname) ? undefined : url
}

/** Keys that do not expire: those given, or those of the environment where it names no profile. */
function keysOf({ credentials }: S3StoreOptions, env: Environment): Credentials | undefined {
  if (typeof credentials === 'function' || credentials === 'anonymous') return undefined
  if (credentials === undefined && env['AWS_PROFILE'] !== undefined) return undefined
  const { accessKeyId, secretAccessKey, sessionToken } = credentials ?? {
    accessKeyId: env['AWS_ACCESS_KEY_ID'],
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'],
    sessionToken: env['AWS_SESSION_TOKEN'],
  }
  if (!accessKeyId || !secretAccessKey || sessionToken === '') return undefined
  if (credentials?.expiration !== undefined) return undefined
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt: undefined }
}

/** Where the SDK looks for the shared files. Source: `getHomeDir` of `@smithy/core/config`. */
function sharedFiles(env: Environment): readonly string[] {
  const { HOME, USERPROFILE } = env
  const folder = join(HOME || USERPROFILE || homedir(), '.aws')
  return [
    env['AWS_CONFIG_FILE'] ?? join(folder, 'config'),
    env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials'),
  ]
}

/** Text of a shared file, `''` without one; `undefined` when it cannot be read. */
async function readShared(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isMissing ? '' : undefined
  }
}
