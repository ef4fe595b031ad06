/**
 * The options of the engine and their meaning. Defaults and bounds stand in `option-table.ts`.
 */

import type { ChecksumAlgorithm } from './checksum/algorithms.ts'
import type { TlsVersion } from './network/settings.ts'
import { TransferError } from './errors.ts'
import { checkOption, unknownOption, type OptionRow } from './option-check.ts'
import { OPTIONS } from './option-table.ts'
import type { ProviderName } from './store/profiles.ts'
import type { CredentialsOption } from './store/s3-store-options.ts'

/** Where and as whom. What is left out comes from where every AWS tool takes it. */
export interface ConnectionTarget {
  /** Where `upload(path)` puts files: `s3://bucket/prefix/`. */
  readonly target?: string | undefined
  /** Region of the buckets. @default AWS_REGION, then the profile */
  readonly region?: string | undefined
  /** URL of an S3-compatible store. @default AWS_ENDPOINT_URL_S3, then the profile, then AWS */
  readonly endpoint?: string | undefined
  /**
   * Which kind of store it is, which decides limits of parts, whether checksums are sent, how buckets
   * are addressed and how objects are removed: `aws`, `r2`, `gcs`, `b2`, `minio`, `ceph`, `wasabi`, `storj`,
   * `scaleway`, `oci`, `ovh`, `seaweedfs`, `garage`, or `generic`, which counts as S3.
   * @default by the host of the endpoint
   */
  readonly provider?: ProviderName | undefined
  /** Profile in `~/.aws/config` and `~/.aws/credentials`. @default AWS_PROFILE */
  readonly profile?: string | undefined
  /** Keys or a provider. @default the SDK's provider chain */
  readonly credentials?: CredentialsOption | undefined
  /** Bucket in the path instead of the host name. @default the provider's; true for IP addresses */
  readonly pathStyle?: boolean | undefined
  /** S3 Transfer Acceleration. @default false */
  readonly accelerate?: boolean | undefined
  /** Dual-stack endpoints. @default AWS_USE_DUALSTACK_ENDPOINT */
  readonly dualstack?: boolean | undefined
  /** FIPS endpoints. @default AWS_USE_FIPS_ENDPOINT */
  readonly fips?: boolean | undefined
  /**
   * Whether uploads bear a checksum nobody asked for: `WHEN_REQUIRED` is for stores that take none.
   * @default AWS_REQUEST_CHECKSUM_CALCULATION, then WHEN_REQUIRED of the profile, then the provider's
   */
  readonly requestChecksumCalculation?: RequestChecksums | undefined
  /** PEM certificates to trust instead of the built-in ones. */
  readonly tlsCa?: string | undefined
  /** Check the server's certificate. Turning it off warns. @default true */
  readonly tlsVerify?: boolean | undefined
  /** Directory for what is remembered beyond a process. @default ~/.local/state/transfer-engine */
  readonly stateDir?: string | undefined
  /** Note open multipart uploads in `stateDir`, so that `cleanup` knows them. @default true */
  readonly recordUploads?: boolean | undefined
  /**
   * Whether transfers in parts are written down in `stateDir`, so that the same call goes on where
   * one that was killed stood: `auto` does so from 64 MiB, where it costs next to nothing.
   * @default auto
   */
  readonly resume?: Resume | undefined
  /** Hash what a resumed download finds on the disk before it is believed. @default false */
  readonly recheck?: boolean | undefined
  /** Client certificate for stores that ask for one, PEM, with its chain. Needs `tlsKey`. */
  readonly tlsCert?: string | undefined
  /** Private key of `tlsCert`, PEM. */
  readonly tlsKey?: string | undefined
  /** What `tlsKey` is encrypted with. */
  readonly tlsPassphrase?: string | undefined
  /** Oldest TLS version that is spoken. @default TLSv1.2 */
  readonly tlsMinVersion?: TlsVersion | undefined
  /**
   * URL of a proxy, `http://user:password@host:port`, or `none` for no proxy at all. `NO_PROXY`
   * counts for both. @default HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, by the scheme of the endpoint
   */
  readonly proxy?: string | undefined
}

/** How much of everything. Sizes in bytes, durations in milliseconds. */
export interface Tuning {
  /** Worker threads; 0 runs everything in the calling thread. @default one per core, at most 64 */
  readonly workers?: number | undefined
  /** A thread with work that gives no sign of life for so long is replaced; 0 waits. @default 1 min */
  readonly workerTimeoutMs?: number | undefined
  /** Connections over all workers together. @default 256 */
  readonly maxConnections?: number | undefined
  /** Idle connections kept per worker. @default 32 */
  readonly maxIdleConnections?: number | undefined
  /** Connections each worker opens before its first request. @default 0 */
  readonly prewarmConnections?: number | undefined
  /**
   * Most requests in flight over all workers. How many there are follows goodput, for each bucket and
   * operation: from 16 up while more move more, down when they do not or a store is overloaded.
   * @default 256
   */
  readonly maxInFlight?: number | undefined
  /**
   * Bytes per second over all workers, up and down together; 0 for none. Changed while running by
   * `setLimits`. @default 0
   */
  readonly maxBandwidth?: number | undefined
  /**
   * Requests started per second, those of the control plane and retries included; 0 for no limit.
   * Changed while running by `setLimits`. @default 0
   */
  readonly maxRequestRate?: number | undefined
  /** Transfers worked on at a time; the others wait in order. @default 64 */
  readonly maxTransfers?: number | undefined
  /** Memory for parts in flight. @default 128 MiB */
  readonly memoryLimit?: number | undefined
  /**
   * Part size; grows so that 10,000 parts suffice.
   * @default 8 to 32 MiB, by the size of the object and the rate measured; 8 MiB where parts are
   *   held in memory
   */
  readonly partSize?: number | undefined
  /** Objects from this size go in parts. @default 16 MiB */
  readonly multipartThreshold?: number | undefined
  /**
   * How files are read and written: `buffered` through the system's page cache, `direct` past it
   * (O_DIRECT, where there is such a thing), `auto` past it where a file is larger than half of the
   * free memory. A part of an upload is then held in memory, and read through the cache where not
   * four such parts fit into `memoryLimit`. @default buffered
   */
  readonly diskMode?: DiskMode | undefined
  /** Checksum sent with uploads. @default CRC32 */
  readonly checksumAlgorithm?: UploadChecksum | undefined
  /**
   * Whether the SHA-256 of each body is signed, which may cost more than all else: `always`, `never`,
   * or `auto`: over plain http, where whoever sits on the line could change body and checksum alike, and where
   * no checksum is sent. @default auto
   */
  readonly payloadSigning?: PayloadSigning | undefined
  /** Longest wait for a connection, TLS handshake included. @default 5 s */
  readonly connectTimeoutMs?: number | undefined
  /** Longest time in which nothing moves on a connection at work. @default 30 s */
  readonly readTimeoutMs?: number | undefined
  /** How long an idle connection is kept; below the 5 s after which S3 may close it. @default 4 s */
  readonly idleTimeoutMs?: number | undefined
  /** Age from which a connection takes no new request, ± 20 %; 0 for any age. @default 5 min */
  readonly connectionMaxAgeMs?: number | undefined
  /** Longest wait of a request for a connection; 0 waits as long as it takes. @default 0 */
  readonly acquireTimeoutMs?: number | undefined
  /**
   * Bytes per second below which a connection that is sending or receiving is cut; 0 for none.
   * @default 1 KiB
   */
  readonly minThroughput?: number | undefined
  /** Time over which `minThroughput` is measured. @default 20 s */
  readonly minThroughputWindowMs?: number | undefined
  /** Attempts per request, the first included. @default 6 */
  readonly maxAttempts?: number | undefined
  /** First retry delay; doubles, with full jitter. @default 100 ms */
  readonly retryDelayMs?: number | undefined
  /** Longest retry delay. @default 20 s */
  readonly retryDelayMaxMs?: number | undefined
}

export type RequestChecksums = 'WHEN_SUPPORTED' | 'WHEN_REQUIRED'

export type PayloadSigning = 'auto' | 'always' | 'never'

export type Resume = 'auto' | 'always' | 'off'

export type DiskMode = 'buffered' | 'direct' | 'auto'

/** What a source of copies may have of its own. */
export type SourceTarget = Pick<
  ConnectionTarget,
  | 'region'
  | 'endpoint'
  | 'provider'
  | 'profile'
  | 'credentials'
  | 'pathStyle'
  | 'accelerate'
  | 'dualstack'
  | 'fips'
>

export interface CopyTarget {
  /**
   * Where and as whom copies are read, where that is not where and as whom they are written: nothing of
   * the other options of that kind counts for it. @default the same store and identity
   */
  readonly source?: SourceTarget | undefined
}

export type EngineOptions = ConnectionTarget & CopyTarget & Tuning

export type UploadChecksum = Extract<
  ChecksumAlgorithm,
  'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'
>

/** All of `Tuning`, filled in but for what is chosen by object. Frozen. */
export type ResolvedTuning = Readonly<{
  [K in keyof Tuning]-?: K extends 'partSize' ? Tuning[K] : NonNullable<Tuning[K]>
}>

export interface ResolvedOptions {
  readonly target: ConnectionTarget
  /** `undefined` for the same store and identity. */
  readonly source: SourceTarget | undefined
  readonly tuning: ResolvedTuning
}

const SOURCE_NAMES = [
  'region',
  'endpoint',
  'provider',
  'profile',
  'credentials',
  'pathStyle',
  'accelerate',
  'dualstack',
  'fips',
] as const satisfies readonly (keyof SourceTarget)[]

const TARGET_NAMES = [
  'target',
  ...SOURCE_NAMES,
  'requestChecksumCalculation',
  'tlsCa',
  'tlsVerify',
  'stateDir',
  'recordUploads',
  'resume',
  'recheck',
  'tlsCert',
  'tlsKey',
  'tlsPassphrase',
  'tlsMinVersion',
  'proxy',
] as const satisfies readonly (keyof ConnectionTarget)[]

/**
 * Checks and fills in the options of an engine.
 *
 * @throws ERR_OPTION_UNKNOWN for a name that is none, with the nearest one.
 * @throws ERR_OPTION_INVALID for a wrong type or a value out of bounds.
 */
export function resolveOptions(input: EngineOptions = {}): ResolvedOptions {
  const { source, ...own } = input
  checkNames(own, OPTIONS)
  const target: Record<string, unknown> = {}
  const tuning: Record<string, unknown> = {}
  for (const [name, row] of Object.entries(OPTIONS)) {
    const value = checkOption(name, row, own[name as keyof typeof own])
    const isTarget = (TARGET_NAMES as readonly string[]).includes(name)
    if (value !== undefined) (isTarget ? target : tuning)[name] = value
  }
  const resolved = tuning as unknown as ResolvedTuning
  return Object.freeze({
    target: Object.freeze(target as ConnectionTarget),
    source: source === undefined ? undefined : checkSource(source),
    tuning: Object.freeze({
      ...resolved,
      // More workers than connections could never all work; more requests would only wait.
      workers: Math.min(resolved.workers, resolved.maxConnections, 64),
      maxInFlight: Math.min(resolved.maxInFlight, resolved.maxConnections),
    }),
  })
}

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
function checkSource(input: SourceTarget): SourceTarget {
  if (typeof input !== 'object' || input === null) {
    const message = 'Expected `source` to be an object: { endpoint, region, credentials, … }.'
    throw new TransferError('ERR_OPTION_INVALID', message, { option: 'source' })
  }
  const rows = Object.fromEntries(SOURCE_NAMES.map((name) => [name, OPTIONS[name]]))
  checkNames(input, rows)
  const entries = SOURCE_NAMES.map((name) => [
    name,
    checkOption(name, rows[name] as OptionRow, input[name]),
  ])
  return Object.freeze(Object.fromEntries(entries.filter(([, value]) => value !== undefined)))
}

function checkNames(input: object, rows: Readonly<Record<string, OptionRow>>): void {
  for (const name of Object.keys(input)) {
    if (!Object.hasOwn(rows, name)) throw unknownOption(name, rows)
  }
}
