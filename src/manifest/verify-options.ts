/**
 * What `verify` may be told, and what it tells.
 */

import { TransferError } from '../errors.ts'
import { checkOption, unknownOption, type OptionRow } from '../option-check.ts'
import { validateAttributes, type RequestAttributes } from '../store/attributes.ts'
import type { ManifestEnd, ManifestHeader } from './format.ts'
import type { VerifiedBy, VerifyStatus } from './verdict.ts'

export interface VerifyOptions extends RequestAttributes {
  /**
   * Read every object or file and compare its bytes; otherwise objects are compared by what the store keeps
   * of them, files by size and time. @default false
   */
  readonly deep?: boolean | undefined
  /** Tell also of what is there and not in the manifest. @default false */
  readonly extra?: boolean | undefined
  /**
   * Take a manifest for what it says, though it was cut off, or is of a run that did not do all.
   * @default false, that ends in ERR_MANIFEST_INCOMPLETE when all records have been told
   */
  readonly allowIncomplete?: boolean | undefined
  /**
   * Hears of each record, in the order of the manifest, and of what is extra. A promise it returns is waited
   * for; what it throws ends the whole.
   */
  readonly onResult?: ((entry: VerifiedEntry) => unknown) | undefined
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
}

/** What was found of one record, or of something that is in none. */
export interface VerifiedEntry {
  readonly status: VerifyStatus
  /** What agrees beside the size, when `ok`. */
  readonly by?: VerifiedBy | undefined
  /** What differs, in words. */
  readonly detail?: string | undefined
  /** Why it is `unreadable`. */
  readonly error?: TransferError | undefined
  /** Relative to what is verified. */
  readonly name: string
  /** Where it was looked for: `s3://bucket/key`, or a path. */
  readonly place: string
  /** Bytes, by the manifest; of what is extra, those that are there. */
  readonly size: number
}

export interface VerifyResult {
  /** Whether every record is `ok`, and nothing is `extra`, if that was looked for. */
  readonly agrees: boolean
  /** How many records ended how. */
  readonly counts: Readonly<Record<VerifyStatus, number>>
  /** What those that are `ok` agree by. */
  readonly by: Readonly<Record<VerifiedBy, number>>
  readonly records: number
  /** Of all records, by the manifest. */
  readonly bytes: number
  readonly elapsedMs: number
  readonly manifest: ManifestHeader
  /** `undefined` for one that was cut off. */
  readonly end: ManifestEnd | undefined
}

export interface CheckedVerify {
  readonly deep: boolean
  readonly extra: boolean
  readonly allowIncomplete: boolean
  readonly onResult: ((entry: VerifiedEntry) => unknown) | undefined
  readonly signal: AbortSignal | undefined
  readonly attributes: RequestAttributes
}

const ROWS = {
  deep: { kind: 'boolean', doc: 'Read all, and compare bytes' },
  extra: { kind: 'boolean', doc: 'Tell also of what is not in the manifest' },
  allowIncomplete: {
    kind: 'boolean',
    doc: 'Take a manifest that is not complete for what it says',
  },
} as const satisfies Record<string, OptionRow>

const NAMES = {
  deep: {},
  extra: {},
  allowIncomplete: {},
  onResult: {},
  signal: {},
  sseCustomerKey: {},
  requestPayer: {},
  expectedBucketOwner: {},
} as const

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkVerifyOptions(options: VerifyOptions): CheckedVerify {
  const { sseCustomerKey, requestPayer, expectedBucketOwner, onResult, signal } = options
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) throw unknownOption(name, NAMES)
  }
  if (onResult !== undefined && typeof onResult !== 'function')
    throw invalid('onResult', 'a function')
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('signal', 'an AbortSignal')
  }
  const isTrue = (name: keyof typeof ROWS): boolean =>
    checkOption(name, ROWS[name], options[name]) === true
  return {
    deep: isTrue('deep'),
    extra: isTrue('extra'),
    allowIncomplete: isTrue('allowIncomplete'),
    onResult,
    signal,
    attributes: validateAttributes({ sseCustomerKey, requestPayer, expectedBucketOwner }),
  }
}

function invalid(option: string, expected: string): TransferError {
  const message = `Expected \`${option}\` to be ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
