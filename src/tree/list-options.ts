/**
 * What `list` may be told.
 */

import { TransferError } from '../errors.ts'
import { bucketAttributes, type BucketAttributes } from '../store/attributes.ts'
import { checkOption, shownValue, unknownOption, type OptionRow } from '../option-check.ts'

export interface ListOptions extends BucketAttributes {
  /**
   * All objects, however deep; otherwise one level, where what is below a `/` is one prefix.
   * @default true
   */
  readonly recursive?: boolean | undefined
  /** Ends it. */
  readonly signal?: AbortSignal | undefined
}

const RECURSIVE: OptionRow = { kind: 'boolean', doc: 'All objects, however deep' }

const NAMES = { recursive: {}, requestPayer: {}, expectedBucketOwner: {}, signal: {} } as const

/** All of them, filled in. */
export interface CheckedList {
  readonly recursive: boolean
  readonly attributes: BucketAttributes
  readonly signal: AbortSignal | undefined
}

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkListOptions(options: ListOptions): CheckedList {
  const { signal, recursive, requestPayer, expectedBucketOwner, ...rest } = options
  for (const name of Object.keys(rest)) throw unknownOption(name, NAMES)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    const message = `Expected \`signal\` to be AbortSignal, got ${shownValue(signal)}.`
    throw new TransferError('ERR_OPTION_INVALID', message, { option: 'signal' })
  }
  return {
    recursive: checkOption('recursive', RECURSIVE, recursive) !== false,
    attributes: bucketAttributes({ requestPayer, expectedBucketOwner }),
    signal,
  }
}
