/**
 * A condition that failed while an object was copied: that of the source, which changed, or that of the
 * copy. The answer does not say; a look at the source does.
 */

import { isTransferError, TransferError } from '../errors.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import type { CopySpec } from './copy.ts'
import type { TransferRun } from './transfer-run.ts'

/** The error that says what changed; any other as it is. */
export async function explainedCondition(
  run: TransferRun,
  { from, sourceAttributes: attributes }: Pick<CopySpec, 'from' | 'sourceAttributes'>,
  info: ObjectInfo,
  error: unknown,
): Promise<unknown> {
  if (!isTransferError(error) || error.code !== 'ERR_PRECONDITION_FAILED') return error
  const now = await run.env.source.head(from, { attributes }).catch(() => undefined)
  if (now?.etag === info.etag) return error
  const message = 'The source changed while it was copied'
  return new TransferError('ERR_OBJECT_CHANGED', message, error.context, { cause: error })
}
