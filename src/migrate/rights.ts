/**
 * Whether both identities may do what a migration needs, asked before the first byte moves: what is
 * missing is told with its right and its side.
 */

import { randomUUID } from 'node:crypto'
import { isTransferError, TransferError } from '../errors.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { discardUpload } from '../transfer/discard-upload.ts'
import type { StoreSide } from '../tree/sides.ts'

/** Which side, and which right is asked for. */
interface Right {
  readonly side: 'source' | 'destination'
  readonly action: string
  readonly where: string
}

/**
 * Lists the destination, and opens and removes a multipart upload there, which leaves nothing.
 * @throws ERR_ACCESS_DENIED and whatever else keeps the destination from being written
 */
export async function checkDestination(
  store: ObjectStore,
  { bucket, prefix, attributes: carried }: StoreSide,
  attributes: ObjectAttributes,
  signal: AbortSignal,
): Promise<void> {
  const where = `s3://${bucket}/${prefix}`
  const side = 'destination' as const
  await withRight({ side, action: 's3:ListBucket', where }, () =>
    store.listObjects(bucket, { prefix, maxKeys: 1, attributes: carried, signal }),
  )
  const object = { bucket, key: `${prefix}.transfer-engine-${randomUUID()}` }
  const { uploadId } = await withRight({ side, action: 's3:PutObject', where }, () =>
    store.createMultipartUpload(object, { attributes, signal }),
  )
  await withRight({ side, action: 's3:AbortMultipartUpload', where }, () =>
    discardUpload(store, object, uploadId, attributes),
  )
}

/**
 * Whether the destination keeps what is replaced.
 * @throws ERR_OPTION_INVALID for a bucket without versioning, ERR_ACCESS_DENIED
 */
export async function checkVersioning(
  store: ObjectStore,
  { bucket, prefix, attributes }: StoreSide,
  signal: AbortSignal,
): Promise<void> {
  const asked = { side: 'destination', where: `s3://${bucket}` } as const
  const versioning = await withRight({ ...asked, action: 's3:GetBucketVersioning' }, () =>
    store.versioning(bucket, { signal }),
  )
  if (versioning !== 'enabled') {
    const state = versioning === 'never' ? 'has no versioning' : 'has its versioning suspended'
    const message =
      `The bucket ${bucket} ${state}, so each version would replace the one before: turn its versioning ` +
      'on, or leave out `allVersions`.'
    throw new TransferError('ERR_OPTION_INVALID', message, { bucket, option: 'allVersions' })
  }
  await withRight({ ...asked, action: 's3:ListBucketVersions' }, () =>
    store.listVersions(bucket, { prefix, maxKeys: 1, attributes, signal }),
  )
}

/** Says which right is missing on which side. */
export async function withRight<T>(right: Right, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!isTransferError(error) || error.code !== 'ERR_ACCESS_DENIED') throw error
    const { side, action, where } = right
    const message = `The identity of the ${side} may not do ${action} on ${where}.`
    throw new TransferError('ERR_ACCESS_DENIED', message, error.context, { cause: error })
  }
}
