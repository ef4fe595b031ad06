/**
 * Learns how the SDK addresses and signs, by letting it make a request nobody sends.
 *
 * A client gets a request handler that keeps the request and answers by itself, and keys that are
 * no keys. What it would have sent tells host, port, path prefix and the scope of the signature,
 * whatever rules led there: path style, dual stack, FIPS, acceleration, access points, endpoints
 * from environment and profile. No internals of the SDK are touched.
 */

import type { S3ClientConfig } from '@aws-sdk/client-s3'

import { TransferError } from '../errors.ts'
import { cleanMessage } from './error-body.ts'
import type { Sdk } from './sdk.ts'
import type { StoreRoute } from './types.ts'
import { isLoopbackOrIp } from './uri.ts'

/** A route without what changes over time. */
export type RouteAddress = Pick<StoreRoute, 'origin' | 'host' | 'basePath' | 'bucket' | 'signing'>

/** Where requests without a bucket go. */
export interface Endpoint {
  /** Not one of AWS's own. */
  readonly isCustom: boolean
  readonly hostname: string
  /** No `bucket.` can stand before its host. */
  readonly needsPathStyle: boolean
}

/** What handlers are given, as far as we read it. */
interface ProbedRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

const PROBE_KEY = 'probe'

/** No region of AWS: a host name that contains it was made by AWS's own rules. */
const PROBE_REGION = 'zz-probe-1'

/** Services workers can sign for with SigV4 alone. */
const LEAN_SERVICES: readonly string[] = ['s3', 's3-outposts', 's3-object-lambda']

/** Finds out whether an endpoint was configured, and of what kind. @throws ERR_OPTION_INVALID */
export async function findEndpoint(sdk: Sdk, config: S3ClientConfig): Promise<Endpoint> {
  const request = await probe(
    sdk,
    { ...config, region: PROBE_REGION, useAccelerateEndpoint: false },
    new sdk.s3.ListBucketsCommand({}),
  )
  const isCustom = !request.hostname.includes(PROBE_REGION)
  const { hostname } = request
  return { isCustom, hostname, needsPathStyle: isCustom && isLoopbackOrIp(hostname) }
}

/**
 * How requests for a bucket are addressed and signed.
 * @throws ERR_NOT_SUPPORTED when SigV4 is not enough, ERR_OPTION_INVALID for impossible settings
 */
export async function probeRoute(
  sdk: Sdk,
  config: S3ClientConfig,
  bucket: string,
): Promise<RouteAddress> {
  const command = new sdk.s3.HeadObjectCommand({ Bucket: bucket, Key: PROBE_KEY })
  const request = await probe(sdk, config, command)
  const port = request.port === undefined ? '' : `:${request.port}`
  const host = headerOf(request, 'host') ?? `${request.hostname}${port}`
  const signing = readScope(headerOf(request, 'authorization'))
  if (signing !== undefined && !LEAN_SERVICES.includes(signing.service)) {
    throw notSupported(bucket, `it is signed for the service ${signing.service}`)
  }
  return {
    origin: `${request.protocol}//${request.hostname}${port}`,
    host,
    basePath: request.path.slice(0, -`/${PROBE_KEY}`.length),
    bucket,
    signing,
  }
}

async function probe(
  sdk: Sdk,
  config: S3ClientConfig,
  command: InstanceType<Sdk['s3']['ListBucketsCommand'] | Sdk['s3']['HeadObjectCommand']>,
): Promise<ProbedRequest> {
  let probed: ProbedRequest | undefined
  const client = new sdk.s3.S3Client({
    ...config,
    credentials: { accessKeyId: 'probe', secretAccessKey: 'probe' },
    // A directory bucket would open a session, which is a request to the network.
    disableS3ExpressSessionAuth: true,
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: ProbedRequest) => {
        probed = request
        throw new Error('probe')
      },
    },
  })
  const bucket = 'Bucket' in command.input ? command.input.Bucket : undefined
  try {
    await client.send(command as InstanceType<Sdk['s3']['HeadObjectCommand']>)
  } catch (error) {
    if (probed === undefined) throw probeFailure(error, bucket)
  } finally {
    client.destroy()
  }
  if (probed === undefined) throw new TransferError('ERR_INTERNAL', 'The SDK made no request.')
  return probed
}

function probeFailure(error: unknown, bucket: string | undefined): TransferError {
  const reason = cleanMessage(error instanceof Error ? error.message : String(error)) ?? ''
  if (/sigv4a|crt/i.test(reason)) return notSupported(bucket, 'it needs SigV4a signatures')
  return new TransferError(
    'ERR_OPTION_INVALID',
    `The endpoint cannot be worked out: ${reason}`,
    { option: /region/i.test(reason) ? 'region' : 'endpoint', bucket },
    { cause: error },
  )
}

function notSupported(bucket: string | undefined, reason: string): TransferError {
  return new TransferError(
    'ERR_NOT_SUPPORTED',
    `The bucket ${bucket} cannot be reached by workers yet: ${reason}.`,
    { bucket },
  )
}

/** `AWS4-HMAC-SHA256 Credential=ID/20260131/REGION/SERVICE/aws4_request, …` → its scope. */
function readScope(authorization: string | undefined): StoreRoute['signing'] {
  if (authorization === undefined) return undefined
  const match = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\//.exec(authorization)
  if (match === null) throw notSupported(undefined, 'it needs another kind of signature than SigV4')
  return { region: match[1] as string, service: match[2] as string }
}

function headerOf(request: ProbedRequest, name: string): string | undefined {
  const found = Object.keys(request.headers).find((each) => each.toLowerCase() === name)
  return found === undefined ? undefined : request.headers[found]
}
