/**
 * The SDK's clients: made once per region, all with the same settings, identity and connections.
 *
 * What the user's environment says (region, endpoint, credentials, checksum settings) is read by
 * the SDK and asked of it by behaviour: a client whose request handler only notes the request it
 * is given shows how the SDK addresses and signs, without a request on the wire.
 */

import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'

import { TransferError } from '../errors.ts'
import { classifyException } from './classify.ts'
import type { ControlResponse, ControlTransport } from './control-transport.ts'
import { cleanMessage } from './error-body.ts'
import { checksumModeOf, findProfile } from './find-profile.ts'
import type { ChecksumMode, StoreSettings } from './object-store.ts'
import { DEFAULT_REGION, type PlainStore } from './plain-store.ts'
import { findProfileEndpoint } from './profile-endpoint.ts'
import type { StoreProfile } from './profiles.ts'
import { findEndpoint, probeRoute, type Endpoint, type RouteAddress } from './route-probe.ts'
import { checkAnswer } from './s3-answers.ts'
import type { CredentialsOption, S3StoreOptions } from './s3-store-options.ts'
import { loadSdk, type Sdk } from './sdk.ts'
import type { Credentials } from './types.ts'

/** Least time between two forced renewals of credentials. Milliseconds. Source: none. */
const REFRESH_INTERVAL_MS = 5000

const silent = (): void => undefined
const SILENT = { trace: silent, debug: silent, info: silent, warn: silent, error: silent }

/** The SDK's clients of one store. Made by `openClients`. */
export class S3Clients {
  readonly sdk: Sdk
  readonly settings: StoreSettings
  readonly #config: S3ClientConfig
  readonly #provider: () => Promise<Credentials>
  readonly #refreshProvider: () => Promise<unknown>
  readonly #byRegion = new Map<string, S3Client>()
  #clockOffsetMs = 0
  #mustRefresh = false
  #refreshedAt = 0

  constructor(sdk: Sdk, settings: StoreSettings, config: S3ClientConfig, main: S3Client) {
    this.sdk = sdk
    this.settings = settings
    this.#config = { ...config, credentials: main.config.credentials }
    this.#provider = async () => {
      const identity = await main.config.credentials()
      return {
        accessKeyId: identity.accessKeyId,
        secretAccessKey: identity.secretAccessKey,
        sessionToken: identity.sessionToken,
        expiresAt: identity.expiration?.getTime(),
      }
    }
    this.#refreshProvider = () => main.config.credentials({ forceRefresh: true })
  }

  /** The client for buckets of a region. */
  client(region: string): S3Client {
    let client = this.#byRegion.get(region)
    if (client === undefined) {
      client = new this.sdk.s3.S3Client({ ...this.#config, region })
      addAnswerCheck(client, region)
      client.config.systemClockOffset = this.#clockOffsetMs
      this.#byRegion.set(region, client)
    }
    return client
  }

  /** How the SDK would address and sign requests for a bucket of a region. */
  probe(bucket: string, region: string): Promise<RouteAddress> {
    return probeRoute(this.sdk, { ...this.#config, region }, bucket)
  }

  /** A snapshot of the identity; the SDK renews it five minutes early. @throws ERR_CREDENTIALS */
  async credentials(): Promise<Credentials> {
    try {
      if (this.#mustRefresh) {
        this.#mustRefresh = false
        this.#refreshedAt = Date.now()
        await this.#refreshProvider()
      }
      return await this.#provider()
    } catch (error) {
      const reason = cleanMessage(error instanceof Error ? error.message : String(error))
      throw new TransferError(
        'ERR_CREDENTIALS',
        `No usable credentials: ${reason}`,
        {},
        { cause: error },
      )
    }
  }

  /**
   * Makes the next `credentials` ask the provider again. The parts in flight all fail with the
   * same expired token, one after the other; that asks only once.
   */
  refreshCredentials(): void {
    if (Date.now() - this.#refreshedAt >= REFRESH_INTERVAL_MS) this.#mustRefresh = true
  }

  setClockOffset(offsetMs: number): void {
    this.#clockOffsetMs = offsetMs
    for (const client of this.#byRegion.values()) client.config.systemClockOffset = offsetMs
  }

  destroy(): void {
    for (const client of this.#byRegion.values()) client.destroy()
    this.#byRegion.clear()
  }
}

/**
 * Loads the SDK and resolves what the environment says. No request is sent.
 * @param plain what is known without it: then nothing has to be found out
 * @param transport carries their requests; whoever made it closes it
 * @throws ERR_OPTION_INVALID for an unusable region or endpoint
 */
export async function openClients(
  options: S3StoreOptions,
  plain: PlainStore | undefined,
  transport: ControlTransport,
): Promise<S3Clients> {
  const sdk = loadSdk()
  if (plain !== undefined) {
    const config = await baseConfig({ ...options, ...plain.options })
    const main = new sdk.s3.S3Client(config)
    return makeClients(sdk, plain.settings, config, main, transport)
  }
  const base = await baseConfig(options)
  const endpoint = await findEndpoint(sdk, base)
  const known = profileOf(options, endpoint)
  const forcePathStyle = options.forcePathStyle ?? (known.pathStyle || endpoint.needsPathStyle)
  const config: S3ClientConfig = { ...base, forcePathStyle }
  // Only this client is without our own checksum settings, so that it shows the user's.
  const main = new sdk.s3.S3Client(config)
  const settings = await readSettings(main, options, endpoint, known)
  return makeClients(sdk, settings, config, main, transport)
}

function makeClients(
  sdk: Sdk,
  settings: StoreSettings,
  config: S3ClientConfig,
  main: S3Client,
  transport: ControlTransport,
): S3Clients {
  const control: S3ClientConfig = {
    ...config,
    maxAttempts: 1,
    followRegionRedirects: false,
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: transport as NonNullable<S3ClientConfig['requestHandler']>,
  }
  return new S3Clients(sdk, settings, control, main)
}

async function baseConfig(options: S3StoreOptions): Promise<S3ClientConfig> {
  const { region, profile, credentials, forcePathStyle, accelerate, dualstack, fips } = options
  const ofProfile = profile === undefined ? undefined : await findProfileEndpoint(profile)
  const endpoint = options.endpoint ?? ofProfile
  if (endpoint !== undefined) checkEndpoint(endpoint)
  // Otherwise the SDK writes its remarks to the terminal, past whoever owns it.
  const config: S3ClientConfig = { logger: SILENT }
  if (profile !== undefined) config.ignoreConfiguredEndpointUrls = true
  if (region !== undefined) config.region = region
  if (endpoint !== undefined) config.endpoint = endpoint
  if (profile !== undefined) config.profile = profile
  if (forcePathStyle !== undefined) config.forcePathStyle = forcePathStyle
  if (accelerate !== undefined) config.useAccelerateEndpoint = accelerate
  if (dualstack !== undefined) config.useDualstackEndpoint = dualstack
  if (fips !== undefined) config.useFipsEndpoint = fips
  const { requestChecksumCalculation } = options
  if (requestChecksumCalculation !== undefined) {
    config.requestChecksumCalculation = requestChecksumCalculation
  }
  if (credentials === 'anonymous') {
    config.credentials = { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' }
    // The SDK's way to send anonymous requests: a signer that leaves them as they are.
    config.signer = { sign: async (request) => request }
  } else if (credentials !== undefined) {
    config.credentials = copyOfCredentials(credentials)
  }
  return config
}

/** The SDK writes notes of its own into the objects it is given; those are the caller's. */
function copyOfCredentials(
  credentials: Exclude<CredentialsOption, 'anonymous'>,
): NonNullable<S3ClientConfig['credentials']> {
  const copy =
    typeof credentials === 'function'
      ? async () => ({ ...(await credentials()) })
      : { ...credentials }
  return copy as NonNullable<S3ClientConfig['credentials']>
}

function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:'
  const isBare = url?.username === '' && url.password === '' && url.search === ''
  if (isWeb && isBare) return
  throw new TransferError(
    'ERR_OPTION_INVALID',
    'Expected `endpoint` to be a URL such as https://s3.example.com or http://localhost:9000.',
    { option: 'endpoint' },
  )
}

async function readSettings(
  main: S3Client,
  options: S3StoreOptions,
  { isCustom }: Endpoint,
  profile: StoreProfile,
): Promise<StoreSettings> {
  const { config } = main
  return {
    region: options.region ?? (await findRegion(main, isCustom)),
    requestChecksumCalculation: checksumsOf(
      profile,
      options.requestChecksumCalculation ?? process.env['AWS_REQUEST_CHECKSUM_CALCULATION'],
      await config.requestChecksumCalculation(),
    ),
    responseChecksumValidation: await config.responseChecksumValidation(),
    profile,
  }
}

/** What the SDK says is its own default where nobody said anything; then the kind of store decides. */
function checksumsOf(
  profile: StoreProfile,
  given: string | undefined,
  ofSdk: ChecksumMode,
): ChecksumMode {
  return given || ofSdk === 'WHEN_REQUIRED' ? ofSdk : checksumModeOf(profile)
}

function profileOf({ provider }: S3StoreOptions, endpoint: Endpoint): StoreProfile {
  return findProfile(provider, endpoint.isCustom ? endpoint.hostname : undefined)
}

async function findRegion(main: S3Client, isCustom: boolean): Promise<string> {
  try {
    return await main.config.region()
  } catch (error) {
    if (isCustom) return DEFAULT_REGION
    throw new TransferError(
      'ERR_OPTION_INVALID',
      'The region is missing: give `region`, set AWS_REGION, or name it in the profile.',
      { option: 'region' },
      { cause: error },
    )
  }
}

/** Lets every answer be read by `checkAnswer` before the SDK's own parsers see it. */
function addAnswerCheck(client: S3Client, region: string): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const signing = { region, clockOffsetMs: client.config.systemClockOffset }
      const result = await next(args).catch((error: unknown) => {
        throw classifyException(error)
      })
      const command = typeof context['commandName'] === 'string' ? context['commandName'] : ''
      checkAnswer(command, result.response as ControlResponse, signing)
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'transferEngineAnswerCheck' },
  )
}
