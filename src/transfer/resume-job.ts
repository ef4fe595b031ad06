/**
 * Goes on with a transfer by its name alone: what it was is in its journal, where it goes follows from
 * the engine, and both must agree before anything is asked or moved.
 */

import { TransferError } from '../errors.ts'
import { placeOf } from '../journal/identities.ts'
import { jobName } from '../journal/job.ts'
import type { DownloadBegin, Place, UploadBegin } from '../journal/records.ts'
import type { ObjectAttributes, RequestAttributes } from '../store/attributes.ts'
import { runDownload } from './download.ts'
import { runCopy } from './copy.ts'
import type { CopyResult, DownloadResult, UploadResult } from './results.ts'
import type { TransferRun } from './transfer-run.ts'
import { uploadInput } from './upload.ts'

export interface ResumedJob {
  /** Names the journal. */
  readonly id: string
  readonly begin: UploadBegin | DownloadBegin
  /** What no journal keeps. */
  readonly secrets: Pick<RequestAttributes, 'sseCustomerKey'>
  /** Whether stored checksums are asked for and compared. */
  readonly compare: boolean
}

/** @throws ERR_OPTION_INVALID, and what the transfer throws */
export async function resumeJob(
  run: TransferRun,
  job: ResumedJob,
): Promise<UploadResult | DownloadResult | CopyResult> {
  const { begin, secrets, compare } = job
  checkKey(begin, secrets)
  await checkPlace(run, job)
  run.hasJournal = true
  const attributes = { ...begin.attributes, ...secrets }
  if (begin.type === 'upload' && begin.from !== undefined) {
    return resumeCopy(run, begin, begin.from, { attributes, compare })
  }
  if (begin.type === 'upload') {
    return uploadInput(run, begin.path, {
      attributes,
      algorithm: begin.algorithm,
      isChecksumChosen: begin.sendChecksum,
      // What is to be sent again is planned by the file, as ever.
      partSize: undefined,
      multipartThreshold: Math.min(run.env.tuning.multipartThreshold, begin.source.size),
      size: undefined,
    })
  }
  const { bucket, key, versionId } = begin.place
  const object = versionId === undefined ? { bucket, key } : { bucket, key, versionId }
  return runDownload(run, { object, attributes, partSize: undefined, compare }, begin.path)
}

async function resumeCopy(
  run: TransferRun,
  begin: UploadBegin,
  from: Place,
  { attributes, compare }: Pick<ResumedJob, 'compare'> & { readonly attributes: ObjectAttributes },
): Promise<CopyResult> {
  const { env } = run
  const route = await env.source.route(from.bucket, { signal: run.stopping })
  const { endpoint } = placeOf(route, from)
  if (endpoint !== from.endpoint) {
    const message =
      `The copy was read from ${from.endpoint}, and this engine reads from ${endpoint}: ` +
      'give the `source` of then.'
    throw new TransferError('ERR_OPTION_INVALID', message, { option: 'source' })
  }
  const { limits } = (await env.store.settings()).profile
  const { bucket, key, versionId } = from
  return runCopy(run, {
    from: versionId === undefined ? { bucket, key } : { bucket, key, versionId },
    upload: {
      attributes,
      algorithm: begin.algorithm,
      sendChecksum: begin.sendChecksum,
      limits,
      partSize: begin.partSize,
      multipartThreshold: Math.min(env.tuning.multipartThreshold, begin.source.size),
    },
    isChecksumChosen: true,
    partSize: begin.partSize,
    sourceAttributes: {},
    compare,
    way: 'relay',
    // What was carried is among the attributes.
    carry: [],
  })
}

function checkKey({ hasCustomerKey }: ResumedJob['begin'], secrets: ResumedJob['secrets']): void {
  const isGiven = secrets.sseCustomerKey !== undefined
  if (isGiven === hasCustomerKey) return
  const message = hasCustomerKey
    ? 'The transfer was begun with a customer key, which no journal keeps: give `sseCustomerKey`.'
    : 'The transfer was begun without a customer key: leave `sseCustomerKey` out.'
  throw new TransferError('ERR_OPTION_INVALID', message, { option: 'sseCustomerKey' })
}

/** The same names at another store are another transfer. */
async function checkPlace(run: TransferRun, { id, begin }: ResumedJob): Promise<void> {
  const { place: was, path, type: direction } = begin
  const route = await run.env.store.route(was.bucket, { signal: run.stopping })
  const place = placeOf(route, was)
  if (jobName({ direction, place, path }) === id) return
  const message =
    `The transfer was begun at ${was.endpoint}, and this engine goes to ${place.endpoint}: ` +
    'give the `endpoint` of then.'
  throw new TransferError('ERR_OPTION_INVALID', message, { option: 'endpoint' })
}
