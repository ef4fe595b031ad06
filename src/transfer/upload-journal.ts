/**
 * What is written down of a multipart upload, and when it must be on the disk: its id before the
 * first part, its checksum before Complete.
 */

import { CHECKSUMS, type ChecksumType } from '../checksum/algorithms.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import type { UploadNow } from '../journal/reconcile-upload.ts'
import type {
  FileIdentity,
  ObjectIdentity,
  PartNoted,
  Place,
  UploadBegin,
} from '../journal/records.ts'
import type { UploadState } from '../journal/replay.ts'
import type { MultipartUploadPlan } from '../plan/upload-plan.ts'
import { EndingJournal, sourceNameOf, TransferJournal } from './transfer-journal.ts'
import type { TransferRun } from './transfer-run.ts'
import type { UploadSpec } from './upload-spec.ts'

/** What a multipart upload's checksum covers. */
export function multipartType({ algorithm }: Pick<UploadSpec, 'algorithm'>): ChecksumType {
  return CHECKSUMS[algorithm].combinable ? 'FULL_OBJECT' : 'COMPOSITE'
}

export class UploadJournal extends EndingJournal {
  /** What is asked for in this call. */
  readonly now: UploadNow
  readonly #plan: MultipartUploadPlan
  readonly #from: Place | undefined

  private constructor(
    journal: TransferJournal,
    now: UploadNow,
    plan: MultipartUploadPlan,
    from: Place | undefined,
  ) {
    super(journal)
    this.now = now
    this.#plan = plan
    this.#from = from
  }

  /**
   * Opens the journal of an upload; `undefined` where there is none.
   * @throws ERR_JOURNAL_LOCKED, ERR_JOURNAL_VERSION
   */
  static async open(
    run: TransferRun,
    spec: UploadSpec,
    source: FileIdentity | ObjectIdentity,
    plan: MultipartUploadPlan,
  ): Promise<UploadJournal | undefined> {
    const path = sourceNameOf(run)
    if (path === undefined) return undefined
    const file = { path, size: plan.size, attributes: spec.attributes }
    const journal = await TransferJournal.open(run, 'upload', file)
    if (journal === undefined) return undefined
    const now = {
      source,
      attributes: spec.attributes,
      algorithm: spec.algorithm,
      checksumType: multipartType(spec),
      sendChecksum: spec.sendChecksum,
      // One that was chosen may have grown, so that the store takes so many.
      partSize: spec.partSize === undefined ? undefined : plan.partSize,
    }
    return new UploadJournal(journal, now, plan, run.sourcePlace)
  }

  /** What an earlier process left. */
  get found(): UploadState | undefined {
    const { found } = this.journal
    return found?.kind === 'upload' ? found : undefined
  }

  /**
   * An upload was created. Before that there is nothing to go on with: an upload whose id nobody has
   * heard cannot be found again by its token.
   */
  async created(uploadId: string, token: string): Promise<void> {
    const { partSize, parts } = this.#plan
    const { source, algorithm, checksumType, sendChecksum } = this.now
    const begin: UploadBegin = {
      type: 'upload',
      ...this.journal.beginning,
      partSize,
      parts,
      algorithm,
      source,
      from: this.#from,
      checksumType,
      sendChecksum,
      token,
    }
    await this.journal.start([begin, { type: 'created', uploadId }])
  }

  /** Goes on with an upload, of which these parts are there for sure. */
  async continues({ begin, created }: UploadState, kept: readonly PartNoted[]): Promise<void> {
    await this.journal.start([begin, ...(created === undefined ? [] : [created]), ...kept])
  }

  arrived(part: number, size: number, etag: string, digest: Uint8Array): void {
    this.journal.append({ type: 'part', part, size, etag, digest: encodeDigest(digest) })
  }

  async completing(checksum: string): Promise<void> {
    await this.journal.appendDurably({ type: 'completing', checksum })
  }

  /** Soon: without it the object is looked for, and found by its token. */
  completed(etag: string, versionId: string | undefined): void {
    this.journal.append({ type: 'completed', etag, versionId })
  }
}
