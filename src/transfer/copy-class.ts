/**
 * The storage class of a source as that of its copy.
 */

import { isTransferError, TransferError, type ErrorContext } from '../errors.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { StoreProfile } from '../store/profiles.ts'
import { isArchived, STANDARD } from '../store/storage-classes.ts'

/** Of the store that is written to. */
type Takes = Pick<StoreProfile, 'title' | 'storageClasses'>

/**
 * What is said of the copy for the sake of its source; what the caller said goes first.
 * @throws ERR_REQUEST_REFUSED for a class that the destination is known not to have
 */
export function carriedClass(
  given: ObjectAttributes,
  { storageClass = STANDARD }: ObjectInfo,
  profile: Takes,
  context: ErrorContext,
): ObjectAttributes {
  // The default is not said: every store has one, and not all know its name.
  if (given.storageClass !== undefined || storageClass === STANDARD) return given
  if (!takesClass(profile, storageClass)) {
    throw classRefused(storageClass, `${profile.title} has no such class`, context)
  }
  return { ...given, storageClass }
}

/** Whether a destination may have a class; of most stores only their answer tells. */
export function takesClass({ storageClasses }: Takes, storageClass: string): boolean {
  return storageClasses?.includes(storageClass) ?? true
}

/**
 * A failure that is due to the class of the source, in words that say so; any other as it is.
 * @param isCarried whether the copy was to have that class
 */
export function explainedClass(
  error: unknown,
  { storageClass = STANDARD }: ObjectInfo,
  isCarried: boolean,
): unknown {
  if (!isTransferError(error)) return error
  const { storeCode } = error.context
  if (isCarried && storeCode === 'InvalidStorageClass') {
    return classRefused(storageClass, 'the destination refused it', error.context, error)
  }
  if (error.code !== 'ERR_OBJECT_UNREADABLE' || !isArchived(storageClass)) return error
  const message = `The source is archived (${storageClass}): restore it, and copy it again once it is.`
  return new TransferError(error.code, message, error.context, { cause: error })
}

function classRefused(
  storageClass: string,
  why: string,
  context: ErrorContext,
  cause?: unknown,
): TransferError {
  const message =
    `The storage class ${storageClass} cannot be carried, ${why}: ` +
    "say `storageClass` of the copy, or leave 'storageClass' out of `carry`."
  return new TransferError('ERR_REQUEST_REFUSED', message, context, { cause })
}
