/**
 * The option table: defaults, bounds, flags and former names. The compiler asks for a row per
 * option; flags of the command and the table in the README are made from it.
 */

import { availableParallelism } from 'node:os'
import type { TlsVersion } from './network/settings.ts'
import type { NumberRow, OptionRow } from './option-check.ts'
import type {
  DiskMode,
  EngineOptions,
  PayloadSigning,
  RequestChecksums,
  Resume,
  UploadChecksum,
} from './options.ts'
import { PART_SIZE_MAX, PART_SIZE_MIN } from './plan/limits.ts'
import { MULTIPART_THRESHOLD_DEFAULT } from './plan/upload-plan.ts'
import { PROVIDER_NAMES } from './store/profiles.ts'
import { GiB, KiB, MiB, TiB } from './units.ts'

const UPLOAD_CHECKSUMS: readonly UploadChecksum[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
]

const PAYLOAD_SIGNING: readonly PayloadSigning[] = ['auto', 'always', 'never']

const REQUEST_CHECKSUMS: readonly RequestChecksums[] = ['WHEN_SUPPORTED', 'WHEN_REQUIRED']

const RESUME: readonly Resume[] = ['auto', 'always', 'off']

const DISK_MODES: readonly DiskMode[] = ['buffered', 'direct', 'auto']

const TLS_VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']

const count = (value: number, min: number, max: number): NumberRow => ({
  kind: 'count',
  default: value,
  min,
  max,
})
const size = (value: number | undefined, min: number, max: number): NumberRow => ({
  kind: 'size',
  default: value,
  min,
  max,
})
const duration = (value: number, min: number, max: number): NumberRow => ({
  kind: 'duration',
  default: value,
  min,
  max,
})

const HOUR = 3_600_000

/** The option table. */
export const OPTIONS: {
  readonly [K in Exclude<keyof EngineOptions, 'source'>]-?: OptionRow
} = {
  target: { kind: 'text', doc: 'Where `upload(path)` puts files, `s3://bucket/prefix/`' },
  region: { kind: 'text', flag: '--region', was: ['region_name'], doc: 'Region of the buckets' },
  endpoint: {
    kind: 'text',
    flag: '--endpoint-url',
    was: ['endpoint_url', 'endpointUrl'],
    doc: 'URL of an S3-compatible store',
  },
  provider: {
    kind: 'choice',
    values: PROVIDER_NAMES,
    flag: '--provider',
    doc: 'Kind of store: limits of parts, checksums, addressing, removal',
  },
  profile: { kind: 'text', flag: '--profile', was: ['profile_name'], doc: 'Profile in `~/.aws`' },
  credentials: { kind: 'value', doc: 'Keys, or a function that fetches them' },
  pathStyle: {
    kind: 'boolean',
    flag: '--path-style',
    was: ['forcePathStyle', 'addressing_style'],
    doc: 'Bucket in the path instead of the host name',
  },
  accelerate: { kind: 'boolean', flag: '--accelerate', doc: 'S3 Transfer Acceleration' },
  dualstack: { kind: 'boolean', flag: '--dualstack', doc: 'Dual-stack endpoints' },
  fips: { kind: 'boolean', flag: '--fips', doc: 'FIPS endpoints' },
  requestChecksumCalculation: {
    kind: 'choice',
    values: REQUEST_CHECKSUMS,
    doc: 'Whether uploads bear a checksum that nobody chose',
  },
  tlsCa: {
    kind: 'text',
    isSecret: true,
    doc: 'PEM certificates to trust instead of the built-in ones',
  },
  tlsVerify: { kind: 'boolean', was: ['verify'], doc: 'Check the certificate of the server' },
  tlsCert: {
    kind: 'text',
    isSecret: true,
    doc: 'PEM client certificate, for stores that ask for one',
  },
  tlsKey: { kind: 'text', isSecret: true, doc: 'PEM private key of `tlsCert`' },
  tlsPassphrase: { kind: 'text', isSecret: true, doc: 'What `tlsKey` is encrypted with' },
  tlsMinVersion: {
    kind: 'choice',
    default: 'TLSv1.2',
    values: TLS_VERSIONS,
    flag: '--tls-min-version',
    doc: 'Oldest TLS version that is spoken',
  },
  proxy: {
    kind: 'text',
    isSecret: true,
    flag: '--proxy',
    was: ['proxies', 'httpProxy', 'httpsProxy'],
    doc: 'URL of a proxy, or `none`',
  },
  stateDir: {
    kind: 'text',
    flag: '--state-dir',
    doc: 'Directory for what is remembered beyond a process',
  },
  recordUploads: {
    kind: 'boolean',
    doc: 'Note open multipart uploads in `stateDir`, so that `cleanup` knows them',
  },
  resume: {
    kind: 'choice',
    default: 'auto',
    values: RESUME,
    flag: '--resume',
    doc: 'Write transfers in parts down, so that the same call goes on; `auto`: from 64 MiB',
  },
  recheck: {
    kind: 'boolean',
    flag: '--recheck',
    doc: 'Hash what a resumed download finds on the disk before it is believed',
  },
  workers: {
    ...count(availableParallelism(), 0, 64),
    flag: '--workers',
    doc: 'Worker threads; 0 runs everything in the calling thread',
  },
  workerTimeoutMs: {
    ...duration(60_000, 0, HOUR),
    doc: 'A thread with work that gives no sign of life for so long is replaced; 0 waits',
  },
  maxConnections: {
    ...count(256, 1, 10_000),
    flag: '--max-connections',
    was: ['max_pool_connections', 'maxSockets'],
    doc: 'Connections over all workers together',
  },
  maxIdleConnections: {
    ...count(32, 0, 10_000),
    was: ['max_idle_connections'],
    doc: 'Idle connections kept per worker',
  },
  prewarmConnections: { ...count(0, 0, 1000), doc: 'Connections opened ahead, per worker' },
  maxInFlight: {
    ...count(256, 1, 10_000),
    flag: '--max-in-flight',
    was: ['max_concurrency', 'queueSize'],
    doc: 'Most requests in flight over all workers; how many there are follows goodput',
  },
  maxBandwidth: {
    ...size(0, 0, TiB),
    flag: '--max-bandwidth',
    was: ['max_bandwidth'],
    doc: 'Bytes per second over all workers, up and down together; 0 for none',
  },
  maxRequestRate: {
    ...count(0, 0, 1_000_000),
    flag: '--max-request-rate',
    doc: 'Requests started per second over all workers, retries included; 0 for no limit',
  },
  maxTransfers: { ...count(64, 1, 10_000), doc: 'Transfers worked on at a time' },
  memoryLimit: {
    ...size(128 * MiB, 8 * MiB, 64 * GiB),
    flag: '--memory-limit',
    doc: 'Memory for parts in flight',
  },
  partSize: {
    ...size(undefined, PART_SIZE_MIN, PART_SIZE_MAX),
    flag: '--part-size',
    was: ['multipart_chunksize', 'chunkSize'],
    doc: 'Part size; from 8 to 32 MiB by size and rate if none is given; grows so that 10,000 parts suffice',
  },
  multipartThreshold: {
    ...size(MULTIPART_THRESHOLD_DEFAULT, 0, PART_SIZE_MAX),
    flag: '--multipart-threshold',
    was: ['multipart_threshold'],
    doc: 'Objects from this size go in parts',
  },
  diskMode: {
    kind: 'choice',
    default: 'buffered',
    values: DISK_MODES,
    flag: '--disk-mode',
    doc: 'Files through the page cache or past it; `auto`: past it from half of the free memory',
  },
  checksumAlgorithm: {
    kind: 'choice',
    default: 'CRC32',
    values: UPLOAD_CHECKSUMS,
    flag: '--checksum-algorithm',
    was: ['ChecksumAlgorithm'],
    doc: 'Checksum sent with uploads',
  },
  payloadSigning: {
    kind: 'choice',
    default: 'auto',
    values: PAYLOAD_SIGNING,
    flag: '--payload-signing',
    was: ['payload_signing_enabled'],
    doc: 'Sign the SHA-256 of bodies; `auto`: over plain http, or where no checksum is sent',
  },
  connectTimeoutMs: {
    ...duration(5000, 1, HOUR),
    flag: '--connect-timeout',
    was: ['connect_timeout'],
    doc: 'Longest wait for a connection, TLS handshake included',
  },
  readTimeoutMs: {
    ...duration(30_000, 1, HOUR),
    flag: '--read-timeout',
    was: ['read_timeout'],
    doc: 'Longest time in which nothing moves on a connection at work',
  },
  idleTimeoutMs: { ...duration(4000, 1, HOUR), doc: 'How long an idle connection is kept' },
  connectionMaxAgeMs: {
    ...duration(300_000, 0, 24 * HOUR),
    was: ['connection_max_age', 'clientTtl'],
    doc: 'Age from which a connection takes no new request, ± 20 %; 0 for any age',
  },
  acquireTimeoutMs: {
    ...duration(0, 0, HOUR),
    flag: '--acquire-timeout',
    was: ['pool_timeout'],
    doc: 'Longest wait of a request for a connection; 0 waits as long as it takes',
  },
  minThroughput: {
    ...size(KiB, 0, GiB),
    flag: '--min-throughput',
    was: ['minimum_throughput_bytes_per_second'],
    doc: 'Bytes per second below which a connection that sends or receives is cut; 0 for none',
  },
  minThroughputWindowMs: {
    ...duration(20_000, 100, HOUR),
    was: ['allowable_throughput_failure_interval_seconds'],
    doc: 'Time over which `minThroughput` is measured',
  },
  maxAttempts: {
    ...count(6, 1, 100),
    flag: '--max-attempts',
    was: ['max_attempts', 'maxRetries', 'num_download_attempts'],
    doc: 'Attempts per request, the first included',
  },
  retryDelayMs: { ...duration(100, 0, HOUR), doc: 'First retry delay; doubles, with full jitter' },
  retryDelayMaxMs: { ...duration(20_000, 0, HOUR), doc: 'Longest retry delay' },
}
