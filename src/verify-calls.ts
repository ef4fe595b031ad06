/**
 * The call about a manifest, from what a caller wrote to the driver that does it.
 */

import { drivers } from './environment.ts'
import { toTransferError, TransferError } from './errors.ts'
import type { VerifyHost } from './manifest/verify-manifest.ts'
import {
  checkVerifyOptions,
  type VerifyOptions,
  type VerifyResult,
} from './manifest/verify-options.ts'
import type { ObjectCalls } from './object-calls.ts'
import type { RunningTasks } from './transfer/running-tasks.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'
import { digestIn, isUri, localSide, storeSide } from './tree-calls.ts'

export interface VerifyCallHost {
  readonly env: TransferEnvironment
  readonly objects: ObjectCalls
  readonly tasks: RunningTasks
  /** Throws once the engine takes no more work. */
  readonly check: () => void
}

export async function verifyCall(
  { env, objects, tasks, check }: VerifyCallHost,
  manifest: string,
  side: string | URL,
  options: VerifyOptions,
): Promise<VerifyResult> {
  check()
  const checked = checkVerifyOptions(options)
  if (typeof manifest !== 'string' || manifest === '') {
    throw new TransferError('ERR_OPTION_INVALID', 'The manifest is the path of a file.')
  }
  const place = isUri(side) ? storeSide(side, options) : localSide(side)
  let outer: AbortSignal | undefined
  const cut = new AbortController()
  const verifying = tasks.run(checked.signal, async (either) => {
    outer = either
    const signal = AbortSignal.any([either, cut.signal])
    const proofs = objects.proofs({ ...checked.attributes, signal })
    const host: VerifyHost = {
      store: env.store,
      prove: (object, info, expected) => proofs(object, info, expected).done,
      digest: digestIn(env),
    }
    const { verifyManifest } = await drivers.verify()
    return verifyManifest(host, manifest, place, checked, signal)
  })
  try {
    return await verifying
  } catch (error) {
    throw failureOf(error, outer)
  } finally {
    // What was looked at ahead of a failure is of no use.
    cut.abort()
  }
}

/** An error of ours, or that it was aborted. */
function failureOf(error: unknown, signal: AbortSignal | undefined): TransferError {
  if (signal?.aborted !== true) return toTransferError(error)
  const message = 'The verification was aborted.'
  return new TransferError('ERR_ABORTED', message, {}, { cause: signal.reason })
}
