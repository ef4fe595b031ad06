/**
 * How an upload ended, in the words of the SDK.
 */

import { TransferError, type UploadResult } from '../index.ts'
import { encodeKey } from '../store/signing.ts'
import { toTransferError } from '../errors.ts'
import type { Client, UploadOutput } from './types.ts'

/**
 * URL of an object, by the SDK's own rules of where a bucket is.
 * @throws ERR_OPTION_INVALID for a bucket that those rules refuse
 */
export async function locationOf(
  config: Client['config'],
  endpoint: string | undefined,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): Promise<string> {
  const { endpointProvider, region, useFipsEndpoint, useDualstackEndpoint } = config
  const where = {
    Bucket: bucket,
    Region: await region(),
    UseFIPS: await useFipsEndpoint(),
    UseDualStack: await useDualstackEndpoint(),
    ForcePathStyle: config.forcePathStyle === true,
    Accelerate: config.useAccelerateEndpoint === true,
    ...(endpoint === undefined ? {} : { Endpoint: endpoint }),
  }
  try {
    const { href } = endpointProvider(where).url
    return `${href.replace(/\/$/, '')}/${encodeKey(key)}`
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `The bucket ${bucket} cannot be addressed: ${reason}`
    throw new TransferError('ERR_OPTION_INVALID', message, { option: 'Bucket' }, { cause: error })
  }
}

/** What was stored. A checksum is told only if the store has confirmed it. */
export function outputOf(result: UploadResult, location: string): UploadOutput {
  const { object, etag, versionId, checksum, verified } = result
  return {
    $metadata: { httpStatusCode: 200 },
    Bucket: object.bucket,
    Key: object.key,
    Location: location,
    ETag: etag,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    ...(verified === 'checksum'
      ? { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type }
      : {}),
  }
}

/**
 * A failure, under the name that callers of the SDK look for: `AbortError`, or the store's own code.
 * Status and request id are where the SDK has them.
 */
export function failureOf(thrown: unknown): TransferError {
  const error = toTransferError(thrown).with({})
  const { storeCode, status, requestId } = error.context
  const name = error.code === 'ERR_ABORTED' ? 'AbortError' : (storeCode ?? error.name)
  const $metadata = { httpStatusCode: status, requestId }
  return Object.assign<TransferError, object>(error, { name, $metadata })
}
