/**
 * The sweep of abandoned multipart uploads: those this machine recorded, or all of a bucket.
 *
 * An upload is removed only if no engine holds it, and nothing has happened to it for as long as
 * the caller said: neither was it opened nor did a part arrive. Where that may not be seen, only what
 * an engine that is gone noted is removed. Recorded ones are asked for by their ids, without listing
 * the bucket, which not everybody may and not every store can. A record is forgotten when the store
 * it was made for has no such upload any more.
 */

import { isTransferError, TransferError, toTransferError } from '../errors.ts'
import { abortError, throwIfAborted } from '../store/abortable.ts'
import type { ObjectRef } from '../store/types.ts'
import type { S3Location } from '../store/uri.ts'
import type { CheckedCleanup, CleanupResult, CleanupUpload } from './clean-up-options.ts'
import { discardUpload } from './discard-upload.ts'
import type { TransferEnvironment } from './transfer-run.ts'
import { uploadPages } from './upload-pages.ts'
import { forgetRecord, readRecords, type FoundRecord } from './upload-records.ts'

/** Uploads dealt with at a time. Source: none; the control plane is in no hurry. */
const LANES = 8

export type CleanupEnvironment = Pick<TransferEnvironment, 'store' | 'openUploads' | 'events'>

interface Candidate {
  readonly object: ObjectRef
  readonly uploadId: string
  /** By the clock of the store; `undefined` if it did not say. */
  readonly startedAt: number | undefined
  readonly record: FoundRecord | undefined
}

/** Answers of stores that do not let us see the parts. */
const UNSEEN: readonly string[] = ['ERR_NOT_SUPPORTED', 'ERR_ACCESS_DENIED', 'ERR_REQUEST_REFUSED']

type Facts = Pick<CleanupUpload, 'startedAt' | 'idleMs' | 'stored'>

/** What the parts of an open upload tell. */
interface Look {
  /** Milliseconds since the epoch; 0 without parts. */
  readonly lastPartAt: number
  readonly stored: CleanupUpload['stored']
}

/**
 * Aborts what is abandoned below a bucket or prefix. A single upload that resists is reported, and
 * does not end the sweep.
 * @throws ERR_ABORTED, or the failure of the listing
 */
export async function cleanUp(
  env: CleanupEnvironment,
  place: S3Location,
  options: CheckedCleanup,
): Promise<CleanupResult> {
  const sweep = new Sweep(env, options)
  const { stateDirectory } = env.openUploads
  const records = (await readRecords(stateDirectory)).filter(
    ({ bucket, key }) => bucket === place.bucket && key.startsWith(place.key),
  )
  await inLanes(records, async (record) => sweep.recorded(record))
  if (options.any) {
    const known = new Set(records.map(idOf))
    for await (const page of uploadPages(env.store, place, options.signal)) {
      const others = page.filter((upload) => !known.has(idOf(upload)))
      await inLanes(others, async ({ key, uploadId, initiatedAt: startedAt }) => {
        const object = { bucket: place.bucket, key }
        await sweep.take({ object, uploadId, startedAt, record: undefined })
      })
    }
  }
  return sweep.result
}

class Sweep {
  readonly #env: CleanupEnvironment
  readonly #options: CheckedCleanup
  readonly #uploads: CleanupUpload[] = []
  readonly #kept = { recent: 0, held: 0 }

  constructor(env: CleanupEnvironment, options: CheckedCleanup) {
    this.#env = env
    this.#options = options
  }

  get result(): CleanupResult {
    return { uploads: this.#uploads, kept: this.#kept }
  }

  async recorded(record: FoundRecord): Promise<void> {
    const { bucket, key, uploadId, startedAt } = record
    const { clockOffsetMs } = await this.#env.store.route(bucket)
    const object = { bucket, key }
    await this.take({ object, uploadId, startedAt: startedAt + clockOffsetMs, record })
  }

  async take(candidate: Candidate): Promise<void> {
    throwIfAborted(this.#options.signal)
    const { startedAt, record, object, uploadId } = candidate
    if (record?.isHeld === true || this.#env.openUploads.holds({ ...object, uploadId })) {
      this.#kept.held += 1
      return
    }
    const sinceStart = startedAt === undefined ? 0 : await this.#since(candidate, startedAt)
    if (startedAt === undefined || sinceStart < this.#options.olderThanMs) {
      this.#kept.recent += 1
      return
    }
    let facts: Facts = { startedAt, idleMs: sinceStart, stored: undefined }
    try {
      const look = await this.#look(candidate)
      if (look === undefined) {
        await this.#forgetGone(candidate)
        return
      }
      const idleMs = await this.#since(candidate, Math.max(startedAt, look.lastPartAt))
      facts = { startedAt, idleMs, stored: look.stored }
      if (idleMs < this.#options.olderThanMs) this.#kept.recent += 1
      else if (this.#options.dryRun) this.#report(candidate, facts, 'would-abort')
      else await this.#remove(candidate, facts)
    } catch (error) {
      if (this.#options.signal?.aborted === true) throw error
      this.#report(candidate, facts, 'failed', toTransferError(error))
    }
  }

  async #remove(candidate: Candidate, facts: Facts): Promise<void> {
    const { object, uploadId } = candidate
    throwIfAborted(this.#options.signal)
    if (!(await discardUpload(this.#env.store, object, uploadId))) {
      const message = 'Parts appeared again after each abort: somebody still sends them.'
      throw new TransferError('ERR_CONFLICT', message, { ...object, uploadId })
    }
    const { record } = candidate
    if (record !== undefined) await forgetRecord(this.#env.openUploads.stateDirectory, record.token)
    this.#report(candidate, facts, 'aborted')
  }

  /** `undefined` when the upload is gone. */
  async #look(candidate: Candidate): Promise<Look | undefined> {
    const { object, uploadId, record } = candidate
    const { signal } = this.#options
    try {
      const parts = await this.#env.store.listParts(object, uploadId, { signal })
      const bytes = parts.reduce((sum, part) => sum + part.size, 0)
      const lastPartAt = parts.reduce((last, part) => Math.max(last, part.lastModified ?? 0), 0)
      return { lastPartAt, stored: { parts: parts.length, bytes } }
    } catch (error) {
      if (signal?.aborted === true) throw abortError(signal)
      const code = isTransferError(error) ? error.code : undefined
      if (code === 'ERR_UPLOAD_NOT_FOUND') return undefined
      // With the bucket went its uploads.
      if (code === 'ERR_BUCKET_NOT_FOUND' && record !== undefined) return undefined
      // No ListParts here, not for us, or not without the customer's key. The beginning must do
      // where we know that its engine is gone; of another tool's upload we know nothing then, and of
      // one that was noted for another store not even whether it is here.
      const mayDo = code !== undefined && UNSEEN.includes(code) && record !== undefined
      if (!mayDo || (await this.#isElsewhere(object, record))) throw error
      return { lastPartAt: 0, stored: undefined }
    }
  }

  /** Whether the record is known to be of a bucket that is reached at another place. */
  async #isElsewhere({ bucket }: ObjectRef, record: FoundRecord): Promise<boolean> {
    const { origin } = await this.#env.store.route(bucket)
    return record.origin !== undefined && record.origin !== origin
  }

  /** Not here any more; unless it never was, the record being of another store's bucket. */
  async #forgetGone({ object, record }: Candidate): Promise<void> {
    if (record === undefined || this.#options.dryRun) return
    const { origin } = await this.#env.store.route(object.bucket)
    if (record.origin !== origin) return
    await forgetRecord(this.#env.openUploads.stateDirectory, record.token)
  }

  /** By the clock of the store, as far as it is known to differ from ours. */
  async #since({ object }: Candidate, timeMs: number): Promise<number> {
    const { clockOffsetMs } = await this.#env.store.route(object.bucket)
    return Math.max(0, Date.now() + clockOffsetMs - timeMs)
  }

  #report(
    { object, uploadId, record }: Candidate,
    facts: Facts,
    outcome: CleanupUpload['outcome'],
    error?: TransferError,
  ): void {
    const { bucket, key } = object
    const isOurs = record !== undefined
    const upload = { bucket, key, uploadId, isOurs, ...facts, outcome, error }
    this.#uploads.push(upload)
    this.#env.events.guard(() => this.#options.onUpload?.(upload))
  }
}

/** A handful at a time. All have ended when it ends, with the first failure if there was one. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item)
  }
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane))
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason
}

function idOf({ key, uploadId }: { readonly key: string; readonly uploadId: string }): string {
  return JSON.stringify([key, uploadId])
}
