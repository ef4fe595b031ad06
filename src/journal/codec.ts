/**
 * Records ↔ JSON. Strict both ways: what is read has exactly the fields of its type, each of its
 * kind and within its bounds, since a journal is input from outside however good its checksum; and
 * what is written must be readable, which also keeps an endpoint with a password or a query out.
 */

import { isAbsolute } from 'node:path'
import { assert } from '../assert.ts'
import { isChecksumAlgorithm } from '../checksum/algorithms.ts'
import { decodeDigest } from '../checksum/encoding.ts'
import { ATTRIBUTE_NAMES, validateAttributes } from '../store/attributes.ts'
import { KiB } from '../units.ts'
import type { JournalRecord } from './records.ts'

/** A kind of value: whether a parsed one is of it, and what it is in memory. */
interface Kind {
  readonly optional?: boolean
  readonly good: (value: unknown) => boolean
  readonly revive?: (value: unknown) => unknown
}

type Fields = Readonly<Record<string, Kind>>

/**
 * Longest text of a field. Characters. Source: paths have 4 KiB at most (PATH_MAX of Linux); what a
 * store names comes in headers of 16 KiB at most, the limit of undici.
 */
const TEXT_MAX = 16 * KiB

const text: Kind = { good: isText }
const path: Kind = { good: (value) => isText(value) && isAbsolute(value) }
/** A file, or of a copy the object that is read. */
const source: Kind = { good: (value) => path.good(value) || (isText(value) && isObjectUrl(value)) }
const flag: Kind = { good: (value) => typeof value === 'boolean' }
const count: Kind = { good: (value) => Number.isSafeInteger(value) && (value as number) >= 0 }
const positive: Kind = { good: (value) => Number.isSafeInteger(value) && (value as number) > 0 }
const digest: Kind = { good: (value) => isText(value) && decodeDigest(value) !== undefined }
const algorithm: Kind = { good: isChecksumAlgorithm }
const checksumType: Kind = { good: (value) => value === 'FULL_OBJECT' || value === 'COMPOSITE' }
const endpoint: Kind = { good: (value) => isText(value) && originOf(value) === value }
/** 64 bits and more do not fit a number of JSON. Before 1970 the times of a file are negative. */
const big: Kind = {
  good: (value) => typeof value === 'string' && /^-?\d{1,30}$/.test(value),
  revive: (value) => BigInt(value as string),
}

/** Without a customer key, which must never get into a journal. */
const attributes: Kind = {
  good: (value) => isPlain(value) && areAttributes(value),
  revive: (value) => validateAttributes(value as object),
}

const connection = nested({
  endpoint: optional({ good: (value) => isText(value) && bareUrlOf(value) === value }),
  region: optional(text),
  profile: optional(text),
  pathStyle: optional(flag),
  accelerate: optional(flag),
  dualstack: optional(flag),
  fips: optional(flag),
})
const place = nested({
  endpoint,
  region: optional(text),
  bucket: text,
  key: text,
  versionId: optional(text),
})
const fileIdentity = nested({ dev: big, ino: big, size: count, mtimeNs: big, ctimeNs: big })
const fileNode = nested({ dev: big, ino: big })
const checksum = nested({ algorithm, value: text, type: checksumType })
const objectIdentity = nested({
  etag: text,
  versionId: optional(text),
  size: positive,
  lastModified: optional(count),
  checksum: optional(checksum),
})

const begin: Fields = {
  jobId: text,
  engine: text,
  startedAt: count,
  connection,
  place,
  path,
  partSize: positive,
  parts: positive,
  algorithm,
  attributes,
  hasCustomerKey: flag,
}

const RECORDS: { readonly [T in JournalRecord['type']]: Fields } = {
  upload: {
    ...begin,
    path: source,
    from: optional(place),
    source: either(fileIdentity, objectIdentity),
    checksumType,
    sendChecksum: flag,
    token: text,
  },
  created: { uploadId: text },
  part: { part: positive, size: positive, etag: text, digest },
  completing: { checksum: text },
  completed: { etag: text, versionId: optional(text) },
  download: { ...begin, object: objectIdentity, temporary: path, boot: text },
  opened: { file: fileNode },
  range: { start: count, length: positive, digest },
  finishing: { mtimeNs: big },
  ended: {},
}

/** A record as one line of JSON. A record that could not be read again is a bug of its maker. */
export function encodeRecord(record: JournalRecord): string {
  const json = JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  assert(decodeRecord(json) !== undefined, `a record of type ${record.type} can be read again`)
  return json
}

/** JSON → record; `undefined` for anything that is not exactly one. */
export function decodeRecord(json: string): JournalRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  if (!isPlain(value)) return undefined
  const { type, ...rest } = value
  if (typeof type !== 'string' || !Object.hasOwn(RECORDS, type)) return undefined
  const fields = RECORDS[type as JournalRecord['type']]
  if (!fits(fields, rest)) return undefined
  return { type, ...revived(fields, rest) } as unknown as JournalRecord
}

/** The URL of an object, with nothing in it but its names and version. */
function isObjectUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, pathname, search, hash } = new URL(text)
  const isPlainUrl = username === '' && password === '' && hash === ''
  const isName = /^\/[^/]+\/./u.test(pathname) && /^(?:\?versionId=[^&]+)?$/u.test(search)
  return /^https?:$/u.test(protocol) && isPlainUrl && isName
}

/** Scheme, host and port of a URL, nothing else of it; `undefined` when it is none. */
export function originOf(url: string): string | undefined {
  const origin = URL.canParse(url) ? new URL(url).origin : 'null'
  return origin === 'null' ? undefined : origin
}

/** A URL without user info, query and fragment; `undefined` when it is none. */
export function bareUrlOf(url: string): string | undefined {
  if (originOf(url) === undefined) return undefined
  const bare = new URL(url)
  for (const part of ['username', 'password', 'search', 'hash'] as const) bare[part] = ''
  return bare.href
}

function areAttributes(value: Readonly<Record<string, unknown>>): boolean {
  const names: readonly string[] = ATTRIBUTE_NAMES
  if (Object.keys(value).some((name) => !names.includes(name) || name === 'sseCustomerKey')) {
    return false
  }
  try {
    validateAttributes(value)
    return true
  } catch {
    return false
  }
}

function optional(kind: Kind): Kind {
  return { ...kind, optional: true }
}

function either(first: Kind, second: Kind): Kind {
  const kindOf = (value: unknown): Kind => (first.good(value) ? first : second)
  return {
    good: (value) => kindOf(value).good(value),
    revive: (value) => kindOf(value).revive?.(value) ?? value,
  }
}

function nested(fields: Fields): Kind {
  return {
    good: (value) => isPlain(value) && fits(fields, value),
    revive: (value) => revived(fields, value as Record<string, unknown>),
  }
}

function fits(fields: Fields, value: Readonly<Record<string, unknown>>): boolean {
  const isKnown = Object.keys(value).every((name) => Object.hasOwn(fields, name))
  return (
    isKnown &&
    Object.entries(fields).every(([name, kind]) =>
      Object.hasOwn(value, name) ? kind.good(value[name]) : kind.optional === true,
    )
  )
}

function revived(
  fields: Fields,
  value: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = Object.entries(value).map(([name, each]) => {
    const revive = fields[name]?.revive
    return [name, revive === undefined ? each : revive(each)] as const
  })
  return Object.fromEntries(entries)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= TEXT_MAX
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
