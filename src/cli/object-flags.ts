/**
 * Flags about the object: S3's own vocabulary, under the names AWS tools use. One row each: the
 * flag, the option of a transfer it sets, and the direction in which it means anything.
 */

import { Option } from 'commander'
import { readFileSync } from 'node:fs'
import { assert } from '../assert.ts'
import { attributeName, invalidFlag, type FlagValues } from './flags.ts'
import { parsePairs } from './pairs.ts'
import type { Carried } from '../index.ts'
import { UsageError } from './usage-error.ts'

export type Direction = 'upload' | 'download' | 'copy'

const WORDS = { upload: 'an upload', download: 'a download', copy: 'a copy' } as const

interface ObjectFlag {
  /** With the placeholder of its value. */
  readonly flags: string
  /** Name among the options of an upload or a download. */
  readonly option: string
  readonly directions: readonly Direction[]
  readonly doc: string
  readonly parse?: (flag: string, text: string, previous: unknown) => unknown
  /** What the flag means without a value. */
  readonly preset?: string
}

const UPLOAD = ['upload', 'copy'] as const
const BOTH = ['upload', 'download', 'copy'] as const

/** What `--carry` may name, by what the option is given. */
const CARRY = { 'storage-class': 'storageClass', acl: 'acl' } as const satisfies Record<
  string,
  Carried
>
const KINDS = Object.keys(CARRY) as readonly (keyof typeof CARRY)[]

const OBJECT_FLAGS: readonly ObjectFlag[] = [
  row('--content-type <type>', 'contentType', UPLOAD, 'Media type (default: by the file name)'),
  row('--cache-control <text>', 'cacheControl', UPLOAD, 'Cache-Control given to readers'),
  row('--content-disposition <text>', 'contentDisposition', UPLOAD, 'Content-Disposition'),
  row('--content-encoding <text>', 'contentEncoding', UPLOAD, 'Content-Encoding; encodes nothing'),
  row('--content-language <text>', 'contentLanguage', UPLOAD, 'Content-Language'),
  row('--expires <date>', 'expires', UPLOAD, 'Expires given to readers, 2030-01-31 for example'),
  {
    ...row('--metadata <name=value>', 'metadata', UPLOAD, 'User metadata; repeat, or a=1,b=2'),
    parse: parsePairs,
  },
  {
    ...row('--tags <name=value>', 'tags', UPLOAD, 'Tags of the object; repeat, or a=1,b=2'),
    parse: parsePairs,
  },
  row('--storage-class <class>', 'storageClass', UPLOAD, 'STANDARD_IA, INTELLIGENT_TIERING, …'),
  row('--acl <acl>', 'acl', UPLOAD, 'Canned ACL, public-read for example'),
  {
    ...row('--sse [algorithm]', 'serverSideEncryption', UPLOAD, 'Encryption by the store'),
    parse: (flag, text) => oneOf(flag, ['AES256', 'aws:kms', 'aws:kms:dsse'], text),
    preset: 'AES256',
  },
  row('--sse-kms-key-id <key>', 'sseKmsKeyId', UPLOAD, 'KMS key, with --sse=aws:kms'),
  {
    ...row('--sse-c-key <key>', 'sseCustomerKey', BOTH, 'SSE-C key: base64, or @file'),
    parse: (flag, text) => parseCustomerKey(flag, text),
  },
  {
    ...row('--request-payer [payer]', 'requestPayer', BOTH, 'The requester pays'),
    parse: (flag, text) => oneOf(flag, ['requester'], text),
    preset: 'requester',
  },
  row('--expected-bucket-owner <id>', 'expectedBucketOwner', BOTH, 'Account that owns the bucket'),
  row('--if-none-match <etag>', 'ifNoneMatch', UPLOAD, "'*' writes only where no object is"),
  row('--if-match <etag>', 'ifMatch', UPLOAD, 'Replaces only the object with this ETag'),
  {
    ...row('--via <way>', 'via', ['copy'], 'Copy by the server, or relay through here'),
    parse: (flag, text) => oneOf(flag, ['server', 'relay'], text),
  },
  {
    ...row('--carry <what>', 'carry', ['copy'], `Take over of the source too: ${KINDS.join(', ')}`),
    parse: parseCarried,
  },
  row(
    '--version-id <id>',
    'versionId',
    ['download', 'copy'],
    'Version to read (default: the current one)',
  ),
]

/** The flags, for the help of `cp`. */
export function objectFlags(): Option[] {
  return OBJECT_FLAGS.map(makeFlag)
}

/** What a request about many objects carries of them. */
const BUCKET_OPTIONS: readonly string[] = ['requestPayer', 'expectedBucketOwner']

/** The flags of commands that list. */
export function bucketFlags(): Option[] {
  return OBJECT_FLAGS.filter(({ option }) => BUCKET_OPTIONS.includes(option)).map(makeFlag)
}

/** The one that must be given again to go on with a transfer. */
export function customerKeyFlag(): Option {
  const found = OBJECT_FLAGS.find(({ option }) => option === 'sseCustomerKey')
  assert(found !== undefined, 'there is a flag for a customer key')
  return makeFlag(found)
}

function makeFlag(row: ObjectFlag): Option {
  const option = new Option(row.flags, row.doc).helpGroup('Object:')
  const flag = flagName(row)
  const { parse = parseText, preset } = row
  option.argParser((text, previous) => parse(flag, text, previous))
  return preset === undefined ? option : option.preset(preset)
}

/**
 * The options of a transfer that were given as flags.
 * @throws UsageError for one that means nothing in this direction
 */
export function objectOptionsFrom(
  values: FlagValues,
  direction: Direction,
): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const each of OBJECT_FLAGS) {
    const flag = flagName(each)
    const value = values[attributeName(flag)]
    if (value === undefined) continue
    if (!each.directions.includes(direction)) {
      const message = `${flag} has no meaning for ${WORDS[direction]}.`
      throw new UsageError('ERR_OPTION_INVALID', message, 'Leave it out.')
    }
    options[each.option] = plain(value)
  }
  return options
}

/** What was gathered of several flags, as an option has it. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value)
  return value instanceof Set ? [...value] : value
}

/** The flag that sets an option of a transfer, for messages. */
export function objectFlagOf(option: string): string | undefined {
  const found = OBJECT_FLAGS.find((each) => each.option === option)
  return found === undefined ? undefined : flagName(found)
}

function row(
  flags: string,
  option: string,
  directions: readonly Direction[],
  doc: string,
): ObjectFlag {
  return { flags, option, directions, doc }
}

function flagName({ flags }: ObjectFlag): string {
  return flags.split(' ')[0] ?? flags
}

function parseText(flag: string, text: string): string {
  if (text !== '') return text
  throw invalidFlag(flag, 'a text that is not empty', text)
}

function oneOf(flag: string, values: readonly string[], text: string): string {
  if (values.includes(text)) return text
  throw invalidFlag(flag, `one of ${values.join(', ')} (write ${flag}=value)`, text)
}

/** Named one by one, or with commas. */
function parseCarried(flag: string, text: string, previous: unknown): ReadonlySet<Carried> {
  const carried = new Set(previous instanceof Set ? (previous as ReadonlySet<Carried>) : [])
  for (const name of text.split(',')) {
    const kind = KINDS.find((each) => each === name)
    if (kind === undefined) throw invalidFlag(flag, `of ${KINDS.join(', ')}`, name)
    carried.add(CARRY[kind])
  }
  return carried
}

/** `@file` keeps the key out of the list of processes. The key is in no message. */
function parseCustomerKey(flag: string, text: string): Uint8Array {
  const bytes = text.startsWith('@') ? readKeyFile(flag, text.slice(1)) : Buffer.from(text)
  if (bytes.length === 32 && text.startsWith('@')) return bytes
  const base64 = bytes.toString('latin1').trim()
  if (/^[A-Za-z0-9+/]{43}=$/.test(base64)) return Buffer.from(base64, 'base64')
  const message = `Expected ${flag} to be 32 bytes in base64, or @ and the path of a file that has them.`
  throw new UsageError('ERR_OPTION_INVALID', message, 'Make one with: openssl rand -base64 32')
}

function readKeyFile(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadableFile(flag, path, error)
  }
}

/** The error for a file named by a flag. */
export function unreadableFile(flag: string, path: string, error: unknown): UsageError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const message = `Cannot read the file of ${flag}, ${path}: ${reason}`
  return new UsageError('ERR_OPTION_INVALID', message, 'Check the path and its permissions.')
}
