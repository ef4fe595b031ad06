/**
 * The first attempt at an object that is probably small: one job and one request instead of HEAD,
 * GET and a row of calls to the file system. A worker compares the bytes with the checksum that
 * comes with them before it writes any. Whatever does not work out at once goes the way of every
 * other object, beginning with HEAD.
 */

import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { encodeDigest } from '../checksum/encoding.ts'
import { storedInHeaders } from '../checksum/stored.ts'
import { fromWire } from '../errors.ts'
import { temporaryPath } from '../local-target.ts'
import { SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import type { PartDone, PartFailed } from '../pool/protocol.ts'
import { sleep } from '../store/abortable.ts'
import { attributeHeaders, type RequestAttributes } from '../store/attributes.ts'
import { RetrySequence } from '../store/retry-policy.ts'
import { describedBy } from '../store/responses.ts'
import { canonicalQuery } from '../store/signing.ts'
import { reportPart } from './attempt.ts'
import { attemptOnce } from './request-attempt.ts'
import type { DownloadSpec } from './download.ts'
import { compareReceived } from './download-proof.ts'
import type { DownloadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'

/** What lets GET tell the stored checksum; AWS does so for whole objects only. */
const ASK_CHECKSUM = ['x-amz-checksum-mode', 'ENABLED'] as const

/** The result, or `undefined` where HEAD must come first. */
export async function trySmallObject(
  run: TransferRun,
  spec: DownloadSpec,
  path: string,
): Promise<DownloadResult | undefined> {
  const { env, sequence, stopping } = run
  const { transfers, memory, smallObjects } = env.scheduler
  if (spec.partSize !== undefined && spec.partSize < SMALL_FILE_MAX) return undefined
  if (!(await smallObjects.isSmall(transfers.taken, stopping))) return undefined
  const target = resolve(path)
  let failed: PartFailed
  try {
    const release = await memory.acquire(SMALL_FILE_MAX, sequence, stopping)
    const result = await getFile(run, spec, target).finally(release)
    if (result.ok) {
      smallObjects.note(true)
      return resultOf(run, spec, target, result)
    }
    if (result.error.code === 'ERR_OBJECT_TOO_LARGE') smallObjects.note(false)
    failed = result
  } finally {
    smallObjects.giveUp()
  }
  await afterFailure(run, failed)
  return undefined
}

const made = new WeakMap<RequestAttributes, readonly string[][]>()

/** Headers of a GET of these attributes, made once: thousands of objects may share them. */
function readHeaders({ attributes, compare }: DownloadSpec): readonly string[] {
  const known = made.get(attributes) ?? headersFor(attributes)
  made.set(attributes, known)
  return known[compare ? 1 : 0] as readonly string[]
}

/** Without and with the question for the checksum. */
function headersFor(attributes: RequestAttributes): readonly string[][] {
  const headers = attributeHeaders('read', attributes)
  return [headers, [...headers, ...ASK_CHECKSUM]]
}

async function getFile(
  run: TransferRun,
  spec: DownloadSpec,
  path: string,
): Promise<PartDone | PartFailed> {
  const { versionId } = spec.object
  const query = versionId === undefined ? '' : canonicalQuery([['versionId', versionId]])
  const headers = readHeaders(spec)
  const temporary = temporaryPath(path, spec.token)
  const { result } = await attemptOnce(run, {
    partNumber: 1,
    length: SMALL_FILE_MAX,
    operation: 'GetObject',
    makeJob: (slot) => ({
      kind: 'get-file',
      transferId: run.info.id,
      slot,
      key: run.info.key,
      query,
      headers,
      path,
      temporary,
      length: SMALL_FILE_MAX,
      compare: spec.compare,
      fsync: spec.fsync !== false,
      restore: spec.restore,
      lastModified: spec.lastModified,
      algorithm: 'CRC32',
    }),
  })
  // A worker that is lost removes nothing.
  if (!result.ok && result.error.code === 'ERR_WORKER_LOST') await rm(temporary, { force: true })
  return result
}

/** Worker and coordinator judge by the same rules, so this compares what was compared. */
function resultOf(
  run: TransferRun,
  spec: DownloadSpec,
  path: string,
  done: PartDone,
): DownloadResult {
  const { length: size, etag, headers, digest } = done
  const parts = size === 0 ? 0 : 1
  run.started(size, parts, size)
  if (parts > 0) reportPart(run, 1, 1, done)
  const stored = spec.compare ? storedInHeaders(headers) : undefined
  const algorithm = stored?.algorithm ?? 'CRC32'
  const checksum = { algorithm, value: encodeDigest(digest), type: 'FULL_OBJECT' } as const
  return {
    object: { ...spec.object, versionId: spec.object.versionId ?? headers['x-amz-version-id'] },
    path,
    size,
    etag,
    ...describedBy(headers),
    checksum,
    verified: compareReceived(stored, checksum, run.context),
    parts,
    ...run.tally,
  }
}

/** Waits as long as the failure asks for; what it was, HEAD and what follows will tell again. */
async function afterFailure(run: TransferRun, failed: PartFailed): Promise<void> {
  const { env, stopping } = run
  stopping.throwIfAborted()
  if (failed.error.code === 'ERR_OBJECT_TOO_LARGE') {
    // Nothing of it was used.
    run.attempts -= 1
    return
  }
  const error = fromWire(failed.error).with({ ...run.context, partNumber: 1, attempt: 1 })
  const delayMs = new RetrySequence(env.retryPolicy).next(error)
  if (delayMs === undefined) return
  run.retried({ partNumber: 1, attempt: 1, delayMs, error })
  await sleep(delayMs, stopping)
}
