/**
 * The engine's verbs: the public surface of transfers.
 */

import { EngineBase } from './engine-base.ts'
import { drivers } from './environment.ts'
import type { JobList } from './journal/list-jobs.ts'
import type { ObjectLocation } from './locations.ts'
import { startQueueWork, type QueueWork } from './queue-calls.ts'
import type { WorkOptions } from './queue/options.ts'
import { startReplication, type ReplicateOptions, type Replication } from './replicate-calls.ts'
import { startMigration, type Migration } from './migrate-calls.ts'
import type { MigrateOptions } from './migrate/options.ts'
import type { VerifyOptions, VerifyResult } from './manifest/verify-options.ts'
import { parseS3Uri } from './store/uri.ts'
import { verifyCall } from './verify-calls.ts'
import type {
  CopyOptions,
  DownloadOptions,
  ResumeOptions,
  UploadOptions,
} from './transfer-options.ts'
import type { CopyResult, DownloadResult, UploadResult } from './transfer/results.ts'
import {
  checkCleanupOptions,
  type CleanupOptions,
  type CleanupResult,
} from './transfer/clean-up-options.ts'
import type { Transfer } from './transfer/transfer.ts'
import type {
  CopyPrefixOptions,
  DownloadDirectoryOptions,
  SyncOptions,
  UploadDirectoryOptions,
} from './tree/tree-options.ts'
import type { TreeTransfer } from './tree/tree-transfer.ts'
import type { UploadInput } from './transfer/upload-input.ts'
import { listEntries, type ListedEntry } from './tree/list-entries.ts'
import { checkListOptions, type ListOptions } from './tree/list-options.ts'

/**
 * Moves objects between this machine and an S3-compatible store.
 *
 * @example
 * const transferEngine = new TransferEngine({ target: 's3://bucket/prefix/' })
 * await transferEngine.upload('data/part-0001.bin')
 * await transferEngine.download('s3://bucket/prefix/part-0001.bin', 'copy.bin')
 * await transferEngine.close()
 */
export class TransferEngine extends EngineBase {
  /**
   * Uploads a file, bytes, a Blob or a stream. Resolves when the store holds exactly those bytes
   * under the key and has said so; rejects otherwise, with no upload left open.
   *
   * Without destination a file goes below the engine's `target` under its own name. Calls may be
   * made by the thousand without waiting: they share the engine's budgets and finish in the order
   * of their submission among equals.
   *
   * @param source path, file URL, bytes, Blob, or stream of known or unknown length
   * @param destination `s3://bucket/key`, `s3://bucket/prefix/` for a file, or bucket and key
   * @throws (rejects) ERR_SOURCE_NOT_FOUND, ERR_SOURCE_CHANGED, ERR_BUCKET_NOT_FOUND,
   *   ERR_ACCESS_DENIED, ERR_CHECKSUM_MISMATCH, ERR_ABORTED, … as `TransferError`
   */
  upload(
    source: UploadInput,
    destination?: ObjectLocation,
    options: UploadOptions = {},
  ): Transfer<UploadResult> {
    return this.objects.upload(source, destination, options, this.check)
  }

  /**
   * Downloads an object into a file. Until the object has arrived whole and its checksum agrees
   * with the stored one, the file is what it was before; a failure leaves it so.
   *
   * @throws (rejects) ERR_OBJECT_NOT_FOUND, ERR_OBJECT_CHANGED, ERR_TARGET_IS_DIRECTORY,
   *   ERR_TARGET_UNWRITABLE, ERR_DISK_FULL, ERR_CHECKSUM_MISMATCH, ERR_ABORTED, …
   */
  download(
    source: ObjectLocation,
    target: string | URL,
    options: DownloadOptions = {},
  ): Transfer<DownloadResult> {
    return this.objects.download(source, target, options, this.check)
  }

  /**
   * Copies an object, with metadata and tags: by the store itself where one identity can do that, else
   * through workers here, without a disk. See `source` of the options for another store or identity.
   *
   * @param destination `s3://bucket/key`, `s3://bucket/prefix/`, or bucket and key
   * @throws (rejects) ERR_OBJECT_NOT_FOUND, ERR_OBJECT_CHANGED, ERR_ACCESS_DENIED,
   *   ERR_CHECKSUM_MISMATCH, ERR_ABORTED, …
   */
  copy(
    source: ObjectLocation,
    destination: ObjectLocation,
    options: CopyOptions = {},
  ): Transfer<CopyResult> {
    return this.objects.copy(source, destination, options, this.check)
  }

  /**
   * Reads an object as an ordered stream of chunks, ranges of it being fetched in parallel ahead
   * of the reader, as far as `memoryLimit` allows. Throws at the end if the bytes were not those
   * stored. Leaving the loop early cuts what is under way.
   *
   * @example
   * await pipeline(transferEngine.read('s3://bucket/big.csv'), process.stdout)
   */
  async *read(
    source: ObjectLocation,
    options: DownloadOptions = {},
  ): AsyncGenerator<Buffer, void, undefined> {
    this.assertOpen()
    yield* this.objects.read(source, options)
  }

  /**
   * Uploads all files below a directory, each under its name behind the prefix. Rejects only for what is
   * wrong with the whole; what becomes of each is told to `onOutcome`, and counted in the result.
   *
   * @param destination `s3://bucket/prefix`; a prefix is taken for a folder
   * @throws (rejects) ERR_SOURCE_NOT_FOUND, ERR_URI_INVALID, ERR_OPTION_INVALID,
   *   ERR_TOO_MANY_FAILURES with `maxErrors`, ERR_ABORTED
   */
  uploadDirectory(
    directory: string | URL,
    destination: string,
    options: UploadDirectoryOptions = {},
  ): TreeTransfer {
    return this.trees.upload(directory, destination, options)
  }

  /**
   * Downloads all objects behind a prefix into a directory. No key leads out of it: one that would is
   * skipped. Rejects as `uploadDirectory` does.
   */
  downloadDirectory(
    source: string,
    directory: string | URL,
    options: DownloadDirectoryOptions = {},
  ): TreeTransfer {
    return this.trees.download(source, directory, options)
  }

  /**
   * Copies all objects behind a prefix to another, as `copy` does each. Rejects as `uploadDirectory` does.
   */
  copyPrefix(source: string, destination: string, options: CopyPrefixOptions = {}): TreeTransfer {
    return this.trees.copy(source, destination, options)
  }

  /**
   * Copies all objects behind a prefix to another, proved one by one, with a directory that remembers:
   * killed and called again, it goes on, also within large objects. Tells before the first byte what copies
   * will lose, and which right is missing on which side.
   *
   * @throws (rejects) ERR_OPTION_INVALID for a directory of another job, ERR_JOURNAL_LOCKED while another
   *   process has it, ERR_ACCESS_DENIED, else as `uploadDirectory` does
   */
  migrate(source: string, destination: string, options: MigrateOptions): Migration {
    const { env, trees, objects, check } = this
    const host = { env, trees, objects, check, tasks: this.work.tasks }
    return startMigration(host, source, destination, options)
  }

  /**
   * Does shards of the migrations that others give to a queue, until it is stopped: by `stop()`, a signal, or
   * `idleMs`. It goes where this engine goes, with its credentials; other jobs are left to other workers.
   *
   * @throws (rejects) ERR_OPTION_INVALID, ERR_PACKAGE_MISSING, ERR_QUEUE_UNREACHABLE
   */
  serveQueue(options: WorkOptions): QueueWork {
    const { env, trees, check, work } = this
    const host = { env, trees, check, tasks: work.tasks, closing: work.replications.signal }
    return startQueueWork(host, options)
  }

  /**
   * Keeps a prefix in step with another: a `sync` over both, and again each `intervalMs`, until `stop()`. A
   * pass that fails for what may be over by the next one is told to `onPass` and followed by the next.
   *
   * @throws (rejects) what no later pass will do better, ERR_ABORTED
   */
  replicate(source: string, destination: string, options: ReplicateOptions = {}): Replication {
    const { trees, check, work } = this
    const { tasks, lags, replications } = work
    const host = { trees, check, tasks, lags, closing: replications.signal }
    return startReplication(host, source, destination, options)
  }

  /**
   * Copies what is missing or differs between a directory and `s3://bucket/prefix`, or between two such
   * prefixes, by size and time. With `delete` it removes what only the destination has: last, and only if
   * both sides were read whole.
   *
   * @throws (rejects) ERR_DELETE_REFUSED when something was to be removed and must not be, else as
   *   `uploadDirectory` does
   */
  sync(from: string | URL, to: string | URL, options: SyncOptions = {}): TreeTransfer {
    return this.trees.sync(from, to, options)
  }

  /**
   * Looks whether what a `manifest` of a tree says is there: below `s3://bucket/prefix`, or in a directory.
   * What differs is no failure, but told: `agrees` is true when nothing does.
   * @throws (rejects) ERR_SOURCE_NOT_FOUND, ERR_MANIFEST_INVALID, ERR_MANIFEST_INCOMPLETE, ERR_ABORTED, …
   */
  verify(manifest: string, side: string | URL, options: VerifyOptions = {}): Promise<VerifyResult> {
    const { env, objects, check, work } = this
    return verifyCall({ env, objects, check, tasks: work.tasks }, manifest, side, options)
  }

  /**
   * Transfers that were written down below `stateDir` and have not ended: killed, paused, or at work
   * in some process now. One whose journal cannot be read is in `failures`.
   * @throws (rejects) ERR_CLOSED, ERR_JOURNAL_UNSAFE, ERR_JOURNAL_UNWRITABLE
   */
  async resumable(): Promise<JobList> {
    this.assertOpen()
    const { listJobs } = await drivers.listJobs()
    return listJobs(this.env.openUploads.stateDirectory)
  }

  /**
   * Goes on with a transfer by its `id` in `resumable()`, or the token of a pause: as the same call
   * would, and with the same result. The engine must go to the store of then; see `connection` there.
   *
   * @throws (rejects) ERR_JOURNAL_NOT_FOUND, ERR_JOURNAL_LOCKED while another process is at work,
   *   ERR_OPTION_INVALID for an engine that goes elsewhere or a customer key that is missing,
   *   and what `upload` and `download` throw
   */
  resume(
    id: string,
    options: ResumeOptions = {},
  ): Transfer<UploadResult | DownloadResult | CopyResult> {
    return this.objects.resume(id, options, this.check)
  }

  /**
   * Removes multipart uploads that nobody works on any more below a bucket or a prefix of keys:
   * those recorded by engines on this machine (`stateDir`), or `any`. Each is aborted only if
   * nothing has happened to it for `olderThanMs`; one that resists is in the result.
   *
   * @throws (rejects) ERR_URI_INVALID, ERR_OPTION_INVALID, ERR_ACCESS_DENIED, ERR_ABORTED, …
   */
  async cleanup(prefix: string, options: CleanupOptions = {}): Promise<CleanupResult> {
    this.assertOpen()
    const place = parseS3Uri(prefix)
    const checked = checkCleanupOptions(options)
    return this.work.tasks.run(checked.signal, async (signal) => {
      const { cleanUp } = await drivers.cleanUp()
      return cleanUp(this.env, place, { ...checked, signal })
    })
  }

  /**
   * The objects below a bucket or a prefix of keys, in the order of their keys' bytes, several pages
   * ahead of a reader that is fast, in memory that does not grow. Each answer of the store must be
   * whole and in order, so a listing that ends well has every key that was there all the time.
   *
   * @throws (while read) ERR_URI_INVALID, ERR_OPTION_INVALID, ERR_BUCKET_NOT_FOUND,
   *   ERR_ACCESS_DENIED, ERR_RESPONSE_INVALID, ERR_ABORTED, …
   */
  list(prefix: string, options: ListOptions = {}): AsyncGenerator<ListedEntry, void, undefined> {
    return listEntries(drivers.listPages, () => {
      this.assertOpen()
      return {
        store: this.env.store,
        place: parseS3Uri(prefix),
        ...checkListOptions(options),
        closing: this.work.listings.signal,
      }
    })
  }
}
