/**
 * A migration, written down for workers on other machines: places, and what holds for each copy. Never who
 * reaches them: each worker has credentials of its own.
 */

import { isTransferError, TransferError } from '../errors.ts'
import { packageVersion } from '../package-version.ts'
import type { CopyPrefixOptions, TreeCopyHow } from '../tree/tree-options.ts'
import { PROTOCOL } from './keys.ts'

export interface JobRecord {
  readonly protocol: number
  /** Version of the engine that wrote it. */
  readonly engine: string
  readonly id: string
  /** `s3://bucket/prefix`. */
  readonly source: string
  readonly destination: string
  /** The same with endpoints, as a worker's own engine has to call them. */
  readonly places: Places
  readonly overwrite: TreeCopyHow['overwrite']
  readonly checksum: boolean
  /** Epoch milliseconds, of the coordinator's clock when the job began. */
  readonly startedAt: number
  readonly options: CopyPrefixOptions
  /** Of all workers together; 0 for none. */
  readonly limits: { readonly maxBandwidth: number; readonly maxRequestRate: number }
  readonly attempts: number
}

export interface Places {
  /** `endpoint s3://bucket/prefix` */
  readonly from: string
  readonly to: string
}

/** Those the coordinator sees to itself. */
const OWN: readonly string[] = ['onOutcome', 'onProgress', 'signal', 'maxErrors', 'dryRun']

/** What would be a key in Redis. */
const SECRETS: readonly string[] = ['sseCustomerKey', 'sourceCustomerKey']

const DATE = '$date'

/** @throws ERR_OPTION_INVALID for what cannot be written down, or must not be */
export function portableOptions(options: CopyPrefixOptions): CopyPrefixOptions {
  const given = Object.entries(options).filter(
    ([name, value]) => value !== undefined && !OWN.includes(name),
  )
  for (const [name, value] of given) {
    if (SECRETS.includes(name)) throw refused(name, 'a key is never written to a queue')
    if (name === 'manifest') throw refused(name, 'no worker knows all that is in place')
    if (name === 'filesFrom') throw refused(name, 'a queue cuts a listing into stretches')
    const isRule = name === 'filter' || name === 'rename'
    if (!isPlain(value)) {
      throw refused(
        name,
        `${isRule ? 'a function, unlike rules,' : 'it'} cannot go to other machines`,
      )
    }
  }
  return Object.fromEntries(given)
}

function isPlain(value: unknown): boolean {
  if (value === null || value instanceof Date) return true
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    return false
  if (typeof value !== 'object') return true
  const prototype: unknown = Object.getPrototypeOf(value)
  const isData = Array.isArray(value) || prototype === Object.prototype || prototype === null
  return isData && Object.values(value).every(isPlain)
}

function refused(option: string, why: string): TransferError {
  const message = `Leave \`${option}\` out of a migration by a queue: ${why}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}

export function writeRecord(record: Omit<JobRecord, 'protocol' | 'engine'>): string {
  return JSON.stringify(
    { protocol: PROTOCOL, engine: packageVersion(), ...record },
    // A Date has made itself a text before it gets here.
    function (this: Readonly<Record<string, unknown>>, name, value: unknown) {
      return this[name] instanceof Date ? { [DATE]: value } : value
    },
  )
}

/** @throws ERR_QUEUE_VERSION for one of another version, or that is none */
export function readRecord(text: string): JobRecord {
  let record: Partial<JobRecord>
  try {
    record = JSON.parse(text, (_, value: unknown) => {
      const date = (value as { readonly [DATE]?: string } | null)?.[DATE]
      return typeof date === 'string' ? new Date(date) : value
    }) as Partial<JobRecord>
  } catch (error) {
    throw isTransferError(error) ? error : otherVersion('none that is known')
  }
  if (record.protocol !== PROTOCOL) {
    const { engine = 'unknown', protocol } = record
    throw otherVersion(`${String(protocol)}, of transfer-engine ${engine}`)
  }
  return record as JobRecord
}

function otherVersion(found: string): TransferError {
  const ours = `${PROTOCOL}, of transfer-engine ${packageVersion()}`
  const message = `The job is of version ${found}; this is ${ours}.`
  return new TransferError('ERR_QUEUE_VERSION', message)
}
