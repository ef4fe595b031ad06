/**
 * Options of one transfer: S3's own vocabulary for the object, and what may differ from the
 * engine's options this once.
 */

import { TransferError } from './errors.ts'
import type { ProgressEvent } from './events.ts'
import { checkOption, unknownOption } from './option-check.ts'
import { OPTIONS } from './option-table.ts'
import type { ResolvedTuning, UploadChecksum } from './options.ts'
import {
  ATTRIBUTE_NAMES,
  validateAttributes,
  type ObjectAttributes,
  type RequestAttributes,
} from './store/attributes.ts'
import { CARRIED, type Carried } from './transfer/copy-carry.ts'

interface CommonOptions {
  /** Aborts the transfer. */
  readonly signal?: AbortSignal | undefined
  /** Called at most ten times a second; the last call has all bytes, after verification. */
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined
  /** @default the engine's */
  readonly partSize?: number | undefined
  /**
   * A move: removes the file, or the object, once the copy is whole and proved, and on the disk if it came
   * down; and only if it is still what was copied. If it cannot be, that is ERR_SOURCE_NOT_REMOVED, and
   * both are there. For files only, not for streams, bytes and `read`. @default false
   */
  readonly removeSource?: boolean | undefined
}

export interface UploadOptions extends ObjectAttributes, CommonOptions {
  /** @default the engine's */
  readonly multipartThreshold?: number | undefined
  /** @default the engine's */
  readonly checksumAlgorithm?: UploadChecksum | undefined
  /** Length of a stream, if it is known: lets parts grow for very long ones. */
  readonly size?: number | undefined
  /** Most parts of this upload in flight, beside what holds for all. @default the engine's */
  readonly maxInFlight?: number | undefined
  /**
   * When the upload fails or is aborted, leave its parts in the store: `uploadId` of the transfer and
   * `leftBehind` of the error name them, and whoever asked for it removes them. @default false
   */
  readonly leavePartsOnError?: boolean | undefined
}

export interface DownloadOptions extends RequestAttributes, CommonOptions {
  /** @default the current version */
  readonly versionId?: string | undefined
  /**
   * Whether file and name are on the disk when the download is done. Objects in parts are always, and
   * with `removeSource` all. @default true
   */
  readonly fsync?: boolean | undefined
}

/** What is said of the copy replaces what its source has; all else is taken over, tags too. */
export interface CopyOptions extends Omit<UploadOptions, 'size'> {
  /** Version of the source. @default the current one */
  readonly versionId?: string | undefined
  /** Customer key the source is encrypted with. */
  readonly sourceCustomerKey?: Uint8Array | string | undefined
  /**
   * `server`: the store copies by itself, or it fails; `relay`: the bytes come through here.
   * @default by the store where one identity can do that, through here else and where it refuses
   */
  readonly via?: 'server' | 'relay' | undefined
  /**
   * What a copy takes over of its source beside media type, headers, metadata and tags; what is said of the
   * copy itself goes first. The ACL takes a request more, and grants to users are lost between identities.
   * An object whose class or ACL the destination does not take fails with ERR_REQUEST_REFUSED.
   * @default nothing: class and ACL are those of new objects
   */
  readonly carry?: readonly Carried[] | undefined
}

/** What a transfer that is gone on with may be given; all else is as it was. */
export interface ResumeOptions
  extends
    Pick<RequestAttributes, 'sseCustomerKey'>,
    Omit<CommonOptions, 'partSize' | 'removeSource'> {}

/** Options of a transfer, checked. */
export interface CheckedUpload {
  readonly attributes: ObjectAttributes
  readonly partSize: number | undefined
  readonly multipartThreshold: number
  readonly algorithm: UploadChecksum
  readonly size: number | undefined
  readonly maxInFlight: number
  readonly leavePartsOnError: boolean
  readonly removeSource: boolean
}

const READ_ATTRIBUTES: readonly (keyof RequestAttributes)[] = [
  'sseCustomerKey',
  'requestPayer',
  'expectedBucketOwner',
]

const COMMON_NAMES = ['signal', 'onProgress', 'partSize', 'removeSource']
const UPLOAD_NAMES = [
  ...ATTRIBUTE_NAMES,
  ...COMMON_NAMES,
  'multipartThreshold',
  'checksumAlgorithm',
  'size',
  'maxInFlight',
  'leavePartsOnError',
]
const COPY_NAMES = [
  ...UPLOAD_NAMES.filter((name) => name !== 'size'),
  'versionId',
  'sourceCustomerKey',
  'via',
  'carry',
]
const RESUME_NAMES = ['sseCustomerKey', 'signal', 'onProgress']
const DOWNLOAD_NAMES = [...READ_ATTRIBUTES, ...COMMON_NAMES, 'versionId', 'fsync']

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkUploadOptions(options: UploadOptions, tuning: ResolvedTuning): CheckedUpload {
  checkNames(options, UPLOAD_NAMES)
  checkCommon(options)
  const { size, leavePartsOnError = false } = options
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) {
    throw invalid('size', 'a count of bytes')
  }
  if (typeof leavePartsOnError !== 'boolean') throw invalid('leavePartsOnError', 'true or false')
  return {
    attributes: validateAttributes(options),
    partSize: override('partSize', options.partSize, tuning) as number | undefined,
    multipartThreshold: override(
      'multipartThreshold',
      options.multipartThreshold,
      tuning,
    ) as number,
    algorithm: override('checksumAlgorithm', options.checksumAlgorithm, tuning) as UploadChecksum,
    size,
    maxInFlight: override('maxInFlight', options.maxInFlight, tuning) as number,
    leavePartsOnError,
    removeSource: options.removeSource === true,
  }
}

export interface CheckedCopy {
  readonly upload: CheckedUpload
  readonly sourceAttributes: RequestAttributes
  readonly via: CopyOptions['via']
  readonly carry: readonly Carried[]
}

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkCopyOptions(options: CopyOptions, tuning: ResolvedTuning): CheckedCopy {
  const { versionId, sourceCustomerKey, via, carry = [], ...upload } = options
  checkNames(options, COPY_NAMES)
  if (versionId !== undefined && typeof versionId !== 'string') throw invalid('versionId', 'a text')
  if (via !== undefined && via !== 'server' && via !== 'relay') {
    throw invalid('via', 'server or relay')
  }
  if (!Array.isArray(carry) || !carry.every((each) => CARRIED.includes(each))) {
    throw invalid('carry', `a list of ${CARRIED.map((each) => `'${each}'`).join(', ')}`)
  }
  const { requestPayer } = options
  const source = { sseCustomerKey: sourceCustomerKey, requestPayer }
  return {
    upload: checkUploadOptions(upload, tuning),
    sourceAttributes: validateAttributes(source),
    via,
    carry: [...carry],
  }
}

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkDownloadOptions(
  options: DownloadOptions,
  tuning: ResolvedTuning,
): {
  readonly attributes: RequestAttributes
  readonly partSize: number | undefined
  readonly fsync: boolean | undefined
  readonly removeSource: boolean
} {
  checkNames(options, DOWNLOAD_NAMES)
  if (options.fsync !== undefined && typeof options.fsync !== 'boolean') {
    throw invalid('fsync', 'true or false')
  }
  checkCommon(options)
  if (options.versionId !== undefined && typeof options.versionId !== 'string') {
    throw invalid('versionId', 'a text')
  }
  const removeSource = options.removeSource === true
  if (removeSource && options.fsync === false) {
    throw invalid('fsync', 'left out: what is moved is on the disk before its source is removed')
  }
  if (removeSource && options.versionId !== undefined) {
    throw invalid('versionId', 'left out: what is moved is the current version')
  }
  const { sseCustomerKey, requestPayer, expectedBucketOwner } = options
  return {
    attributes: validateAttributes({ sseCustomerKey, requestPayer, expectedBucketOwner }),
    fsync: options.fsync,
    partSize: override('partSize', options.partSize, tuning) as number | undefined,
    removeSource,
  }
}

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkResumeOptions(options: ResumeOptions): RequestAttributes {
  checkNames(options, RESUME_NAMES)
  checkCommon(options)
  return validateAttributes({ sseCustomerKey: options.sseCustomerKey })
}

type Overridable = 'partSize' | 'multipartThreshold' | 'checksumAlgorithm' | 'maxInFlight'

function override(name: Overridable, value: unknown, tuning: ResolvedTuning): unknown {
  return value === undefined ? tuning[name] : checkOption(name, OPTIONS[name], value)
}

function checkCommon(options: CommonOptions): void {
  const { signal, onProgress, removeSource } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('signal', 'an AbortSignal')
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid('onProgress', 'a function')
  }
  if (removeSource !== undefined && typeof removeSource !== 'boolean') {
    throw invalid('removeSource', 'true or false')
  }
}

function checkNames(options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue
    const engineWide = Object.hasOwn(OPTIONS, name)
    if (engineWide) throw invalid(name, 'given to the engine; it cannot differ by transfer')
    throw unknownOption(name, Object.fromEntries(names.map((known) => [known, {}])))
  }
}

function invalid(option: string, expected: string): TransferError {
  const message = `Expected \`${option}\` to be ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
