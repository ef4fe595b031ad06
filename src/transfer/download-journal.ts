/**
 * What is written down of a download, and when it must be on the disk: before the temporary file is
 * made, when it is there, and before it takes its name.
 */

import { encodeDigest } from '../checksum/encoding.ts'
import { bootId } from '../journal/process-identity.ts'
import type { DownloadNow } from '../journal/reconcile-download.ts'
import type { DownloadBegin, FileNode, RangeNoted } from '../journal/records.ts'
import type { DownloadState } from '../journal/replay.ts'
import type { DownloadPlan } from '../plan/download-plan.ts'
import type { ByteRange } from '../plan/ranges.ts'
import { EndingJournal, TransferJournal, type JournalledFile } from './transfer-journal.ts'
import type { TransferRun } from './transfer-run.ts'

/** How an object comes down in ranges. */
export type RangesOfPlan = Extract<DownloadPlan, { kind: 'ranges' }>

/** What a start of the system is called where it is not known. */
const UNKNOWN_BOOT = '0'

export class DownloadJournal extends EndingJournal {
  /** What is asked for in this call. */
  readonly now: DownloadNow

  private constructor(journal: TransferJournal, now: DownloadNow) {
    super(journal)
    this.now = now
  }

  /**
   * Opens the journal of a download; `undefined` where there is none.
   * @throws ERR_JOURNAL_LOCKED, ERR_JOURNAL_VERSION
   */
  static async open(
    run: TransferRun,
    asked: Pick<DownloadNow, 'object' | 'algorithm' | 'partSize'>,
    file: Omit<JournalledFile, 'size'>,
  ): Promise<DownloadJournal | undefined> {
    const { size } = asked.object
    const journal = await TransferJournal.open(run, 'download', { ...file, size })
    if (journal === undefined) return undefined
    const boot = bootId()
    // Where starts are not told apart, power may have been lost.
    const recheck = run.env.resume.recheck || boot === UNKNOWN_BOOT
    return new DownloadJournal(journal, { ...asked, boot, recheck })
  }

  /** What an earlier process left. */
  get found(): DownloadState | undefined {
    const { found } = this.journal
    return found?.kind === 'download' ? found : undefined
  }

  /** A temporary file is about to be made. */
  async begin({ partSize, parts }: RangesOfPlan, temporary: string): Promise<void> {
    const { object, algorithm, boot } = this.now
    const { beginning } = this.journal
    const begin: DownloadBegin = {
      type: 'download',
      ...beginning,
      partSize,
      parts,
      algorithm,
      object,
      temporary,
      boot,
    }
    await this.journal.start([begin])
  }

  async opened(file: FileNode): Promise<void> {
    await this.journal.appendDurably({ type: 'opened', file })
  }

  /** Goes on with a file, in which these ranges are for sure. */
  async continues({ begin, opened }: DownloadState, kept: readonly RangeNoted[]): Promise<void> {
    const { boot } = this.now
    const file = opened === undefined ? [] : [opened]
    await this.journal.start([{ ...begin, boot }, ...file, ...kept])
  }

  /** A range is in the file. */
  arrived({ offset: start, length }: ByteRange, digest: Uint8Array): void {
    this.journal.append({ type: 'range', start, length, digest: encodeDigest(digest) })
  }

  async finishing(mtimeNs: bigint): Promise<void> {
    await this.journal.appendDurably({ type: 'finishing', mtimeNs })
  }
}
