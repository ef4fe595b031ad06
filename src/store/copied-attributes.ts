/**
 * What a copy is to have beside its bytes: what its source has, but for what the caller says.
 */

import { isTransferError, TransferError, type ErrorContext } from '../errors.ts'
import { attributeHeaders, validateAttributes, type ObjectAttributes } from './attributes.ts'
import { readInfo } from './object-info.ts'
import type { ObjectInfo } from './object-store.ts'

/** User metadata that carries the token of an upload in parts. */
export const TOKEN_NAME = 'transfer-engine-upload'

/** Attributes that a store keeps with an object and CopyObject takes over, or replaces, together. */
const TOGETHER = [
  'contentType',
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'contentLanguage',
  'expires',
  'metadata',
] as const satisfies readonly (keyof ObjectAttributes)[]

/** Whether what the caller says takes the place of what CopyObject would take over by itself. */
export function replacesDescription(given: ObjectAttributes): boolean {
  return TOGETHER.some((name) => given[name] !== undefined)
}

/**
 * All that is to be said of the copy.
 * @param tags of the source; `undefined` if it has none, or the caller gave some
 * @throws ERR_OPTION_INVALID for what the source has and no header can say; the caller may give another
 */
export function copiedAttributes(
  given: ObjectAttributes,
  info: ObjectInfo,
  tags: Readonly<Record<string, string>> | undefined,
  context: ErrorContext,
): ObjectAttributes {
  const { described } = info
  const { [TOKEN_NAME]: _, ...metadata } = info.metadata
  if ((described?.missingMetadata ?? 0) > 0 && given.metadata === undefined) {
    throw lossy('metadata', 'has metadata that no header can say', context)
  }
  const carried: ObjectAttributes = {
    contentType: info.contentType,
    contentEncoding: info.contentEncoding,
    cacheControl: described?.cacheControl,
    contentDisposition: described?.contentDisposition,
    contentLanguage: described?.contentLanguage,
    expires: expiresOf(described?.expires, given, context),
    websiteRedirectLocation: described?.websiteRedirectLocation,
    metadata: Object.keys(metadata).length === 0 ? undefined : metadata,
    tags,
  }
  const isGiven = ([, value]: readonly [string, unknown]): boolean => value !== undefined
  const all = { ...carried, ...Object.fromEntries(Object.entries(given).filter(isGiven)) }
  try {
    return validateAttributes(all)
  } catch (error) {
    const { option = 'metadata' } = isTransferError(error) ? error.context : {}
    throw lossy(option, `has \`${option}\` that no header can say`, context, error)
  }
}

/**
 * Headers of a PUT that copies what a GET answers, from the head of that answer. `undefined` where that does
 * not say all: of tags it tells the count, and of some metadata that there is some.
 */
export function copiedHeaders(
  given: ObjectAttributes,
  answer: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  try {
    const info = readInfo(answer)
    const hasTags = (info.described?.tagCount ?? 0) > 0 && given.tags === undefined
    if (hasTags) return undefined
    return attributeHeaders('put', copiedAttributes(given, info, undefined, {}))
  } catch {
    // Whoever looks at it with HEAD says what is wrong with it.
    return undefined
  }
}

/** Some write what is no date; it means "has expired", and cannot be said again as a date. */
function expiresOf(
  text: string | undefined,
  given: ObjectAttributes,
  context: ErrorContext,
): Date | undefined {
  if (text === undefined || given.expires !== undefined) return undefined
  const date = new Date(text)
  if (!Number.isNaN(date.getTime())) return date
  throw lossy('expires', 'has an Expires that is no date', context)
}

function lossy(
  option: string,
  what: string,
  context: ErrorContext,
  cause?: unknown,
): TransferError {
  const message = `The source ${what}, so a copy would lose it: say \`${option}\` of the copy yourself.`
  return new TransferError('ERR_OPTION_INVALID', message, { ...context, option }, { cause })
}
