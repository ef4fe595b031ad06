/** The options of a local store and what they become. */

import { randomBytes } from 'node:crypto'
import type { BackendKind } from './backend.ts'
import { isDialectName } from './dialects.ts'
import type { DialectName } from './dialects.ts'
import type { FaultRule } from './fault-types.ts'
import { PART_SIZE_MIN } from './limits.ts'
import type { StoreCredentials } from './sigv4.ts'

/** Options of `startLocalStore`; every one may be left out. */
export interface LocalStoreOptions {
  /** Address to bind: `127.0.0.1`, `::1` or `localhost`; nothing else. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** @default a free port */
  readonly port?: number | undefined
  /** Where bytes are kept. @default 'disk' when `dir` is given, otherwise 'memory' */
  readonly backend?: BackendKind | undefined
  /** Directory of the disk back end; made when missing. */
  readonly dir?: string | undefined
  /** Keys that are let in. @default one random pair */
  readonly credentials?: StoreCredentials | readonly StoreCredentials[] | undefined
  /** @default 'us-east-1' */
  readonly region?: string | undefined
  /** Buckets made at the start unless they exist. */
  readonly buckets?: readonly string[] | undefined
  /** Smallest part but the last, in bytes. @default 5 MiB */
  readonly minPartSize?: number | undefined
  /** False makes ETags opaque, which spares the CPU time of MD5. @default true */
  readonly md5?: boolean | undefined
  /** Serves HTTPS with this key and certificate (PEM). */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined
  /** Which store's habits to take on. @default 'aws' */
  readonly dialect?: DialectName | undefined
  /** Scripted faults from the first request on. */
  readonly faults?: readonly FaultRule[] | undefined
  /** How long an idle connection is kept. @default the dialect's, 20 s for 'aws' */
  readonly keepAliveTimeoutMs?: number | undefined
  /** The store's clock, milliseconds since the epoch. @default Date.now */
  readonly now?: (() => number) | undefined
  /** Opens the JSON control port, on the same address at a free port. @default false */
  readonly control?: boolean | undefined
}

/** Options with every default filled in. */
export interface ResolvedStoreOptions {
  readonly host: '127.0.0.1' | '::1'
  /** The host as it stands in a URL. */
  readonly urlHost: string
  readonly port: number
  readonly backend: BackendKind
  readonly dir: string | undefined
  readonly credentials: readonly StoreCredentials[]
  readonly region: string
  readonly buckets: readonly string[]
  readonly minPartSize: number
  readonly md5: boolean
  readonly tls: { readonly key: string; readonly cert: string } | undefined
  readonly dialect: DialectName
  readonly faults: readonly FaultRule[]
  readonly keepAliveTimeoutMs: number | undefined
  readonly now: (() => number) | undefined
  readonly control: boolean
}

/** Bound address and URL form of each host that is let through. */
const HOSTS: Readonly<Record<string, readonly [bind: '127.0.0.1' | '::1', url: string]>> = {
  '127.0.0.1': ['127.0.0.1', '127.0.0.1'],
  '::1': ['::1', '[::1]'],
  localhost: ['127.0.0.1', 'localhost'],
}

/** @throws Error for a host that is not loopback and for options that contradict each other. */
export function resolveStoreOptions(options: LocalStoreOptions): ResolvedStoreOptions {
  const name = options.host ?? '127.0.0.1'
  const host = Object.hasOwn(HOSTS, name) ? HOSTS[name] : undefined
  if (host === undefined) {
    throw new Error(
      `The local store binds to loopback only: host must be 127.0.0.1, ::1 or localhost, got ${name}`,
    )
  }
  const backend = options.backend ?? (options.dir === undefined ? 'memory' : 'disk')
  if ((backend === 'disk') !== (options.dir !== undefined)) {
    throw new Error('The disk back end of the local store needs `dir`, the others take none.')
  }
  const dialect = options.dialect ?? 'aws'
  if (!isDialectName(dialect))
    throw new Error(`Unknown dialect of the local store: ${String(dialect)}`)
  const given = options.credentials ?? []
  const credentials = Array.isArray(given) ? given : [given as StoreCredentials]
  return {
    host: host[0],
    urlHost: host[1],
    port: options.port ?? 0,
    backend,
    dir: options.dir,
    credentials: credentials.length > 0 ? credentials : [randomCredentials()],
    region: options.region ?? 'us-east-1',
    buckets: options.buckets ?? [],
    minPartSize: options.minPartSize ?? PART_SIZE_MIN,
    md5: options.md5 ?? true,
    tls: options.tls,
    dialect,
    faults: options.faults ?? [],
    keepAliveTimeoutMs: options.keepAliveTimeoutMs,
    now: options.now,
    control: options.control ?? false,
  }
}

function randomCredentials(): StoreCredentials {
  return {
    accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(24).toString('base64url'),
  }
}
