/**
 * The first attempt at a file that is probably small: a worker opens, measures and sends it in one
 * job, and the coordinator touches no file at all, unless somebody listens. Whatever does not work
 * out at once goes the way of every other file, this attempt counted.
 *
 * Files are expected to be small while many are waiting, or after one that was: what comes next is
 * mostly like what came last. A wrong guess costs a job without a request.
 */

import { stat } from 'node:fs/promises'
import { fromWire, type ErrorCode } from '../errors.ts'
import { partBufferSize, SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import { PART_SIZE_DEFAULT } from '../plan/part-size.ts'
import { planUpload } from '../plan/upload-plan.ts'
import type { PartFailed } from '../pool/protocol.ts'
import { reportPart } from './attempt.ts'
import { attemptOnce } from './request-attempt.ts'
import type { UploadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import { MANY } from './size-guess.ts'
import { putHeaders, type UploadSpec } from './upload-spec.ts'
import { verifySinglePut } from './verify-upload.ts'

/** Failures of the file, which another look at it would only repeat. */
const OF_SOURCE: ReadonlySet<ErrorCode> = new Set([
  'ERR_SOURCE_NOT_FOUND',
  'ERR_SOURCE_NOT_FILE',
  'ERR_SOURCE_UNREADABLE',
  'ERR_SOURCE_CHANGED',
  'ERR_DISK_IO',
])

/** How the file went: up, or not yet, then perhaps with the first failed attempt. */
export type SmallFileOutcome =
  | { readonly result: UploadResult }
  | { readonly result: undefined; readonly failed: PartFailed | undefined }

const NOT_TRIED: SmallFileOutcome = { result: undefined, failed: undefined }

export async function trySmallFile(
  run: TransferRun,
  path: string,
  spec: UploadSpec,
): Promise<SmallFileOutcome> {
  const { env, stopping, sequence } = run
  const { partSize = PART_SIZE_DEFAULT, multipartThreshold } = spec
  const isExpected = env.scheduler.lastFileWasSmall || env.scheduler.transfers.taken >= MANY
  const plan = planUpload({ size: SMALL_FILE_MAX, partSize, multipartThreshold })
  if (!isExpected || plan.kind !== 'single') return NOT_TRIED
  if (run.isWatched && !(await announce(run, path, partSize))) return NOT_TRIED

  const release = await env.scheduler.memory.acquire(
    partBufferSize(SMALL_FILE_MAX),
    sequence,
    stopping,
  )
  try {
    const { result } = await attemptOnce(run, {
      partNumber: 1,
      length: SMALL_FILE_MAX,
      operation: 'PutObject',
      makeJob: (slot) => ({
        kind: 'put-file',
        transferId: run.info.id,
        slot,
        key: run.info.key,
        query: '',
        headers: putHeaders(spec.attributes),
        path,
        length: SMALL_FILE_MAX,
        algorithm: spec.algorithm,
        sendChecksum: spec.sendChecksum,
      }),
    })
    env.scheduler.lastFileWasSmall = result.ok
    if (result.ok) {
      run.started(result.length, 1, partSize)
      reportPart(run, 1, 1, result)
      return { result: await verifySinglePut(run, spec, result) }
    }
    return afterFailure(run, result)
  } finally {
    release()
  }
}

/** Tells listeners of the plan, which needs the size. Returns whether the plan stands. */
async function announce(run: TransferRun, path: string, partSize: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isFile() !== true || stats.size > SMALL_FILE_MAX) return false
  run.started(stats.size, 1, partSize)
  return true
}

function afterFailure(run: TransferRun, failed: PartFailed): SmallFileOutcome {
  run.stopping.throwIfAborted()
  const { code } = failed.error
  if (OF_SOURCE.has(code)) throw fromWire(failed.error).with(run.context)
  if (code !== 'ERR_OBJECT_TOO_LARGE') return { result: undefined, failed }
  // Nothing was sent.
  run.attempts -= 1
  return NOT_TRIED
}
