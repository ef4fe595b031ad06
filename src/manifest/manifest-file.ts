/**
 * A manifest while it is written: beside its name until it is whole, no faster than the disk takes it, and
 * with an end that says how many records there are and whether anything is missing.
 */

import { once } from 'node:events'
import type { WriteStream } from 'node:fs'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { finished, pipeline } from 'node:stream/promises'
import { createGzip, type Gzip } from 'node:zlib'
import { targetError } from '../local-errors.ts'
import { packageVersion } from '../package-version.ts'
import { isFailure } from '../tree/entries.ts'
import type { DoneOutcome, Outcome, UnchangedEntry } from '../tree/outcome.ts'
import {
  bareEtag,
  headerFields,
  rowOf,
  type ManifestEnd,
  type ManifestHeader,
  type ManifestRecord,
} from './format.ts'
import { CSV_SCHEMA, csvLine, jsonLine } from './text.ts'

/** Text written at once. Characters. Source: none, one write of the disk for some hundred records. */
const PIECE = 65_536

/** What a manifest is of. */
export interface ManifestSubject extends Pick<
  ManifestHeader,
  'operation' | 'from' | 'to' | 'bucket' | 'prefix'
> {
  /** The directory, where one of both sides is one. */
  readonly root?: string | undefined
}

/** What a copy between stores says beside what others say. */
type Copied = DoneOutcome & { readonly sourceEtag?: string | undefined }

export class ManifestFile {
  // Set once.
  readonly #path: string
  readonly #isCsv: boolean
  readonly #root: string | undefined
  readonly #header: ManifestHeader
  readonly #signal: AbortSignal
  readonly #head: Gzip | WriteStream
  readonly #done: Promise<void>
  // Owned by whoever writes.
  #text = ''
  #error: unknown
  #drained: Promise<void> | undefined
  #records = 0
  #bytes = 0
  #failed = 0

  /**
   * Makes the file: CSV if its name ends in `.csv`, else NDJSON; compressed if it ends in `.gz`.
   * @param signal ends the waiting for the disk
   * @throws (rejects) ERR_TARGET_UNWRITABLE, ERR_DISK_FULL, …
   */
  static async open(
    path: string,
    subject: ManifestSubject,
    signal: AbortSignal,
  ): Promise<ManifestFile> {
    try {
      // The end of an earlier one must not stand for this one's.
      if (isCsv(path)) await rm(besideCsv(path), { force: true })
      const handle = await open(unfinished(path), 'w')
      const file = handle.createWriteStream({ flush: true })
      return new ManifestFile(path, subject, file, signal)
    } catch (error) {
      throw targetError(error, path)
    }
  }

  private constructor(
    path: string,
    { root, ...subject }: ManifestSubject,
    file: WriteStream,
    signal: AbortSignal,
  ) {
    this.#path = path
    this.#isCsv = isCsv(path)
    this.#root = root
    this.#signal = signal
    const tool = `transfer-engine ${packageVersion()}`
    this.#header = { ...subject, started: new Date().toISOString(), tool }
    if (/\.gz$/iu.test(path)) {
      const gzip = createGzip()
      this.#head = gzip
      this.#done = pipeline(gzip, file)
    } else {
      this.#head = file
      this.#done = finished(file)
    }
    this.#done.catch((error: unknown) => (this.#error ??= error))
    if (!this.#isCsv) this.#text = jsonLine(headerFields(this.#header))
  }

  /**
   * Takes what became of an object.
   * @returns a promise when the disk has to catch up
   * @throws ERR_DISK_FULL, … once the file cannot be written
   */
  outcome(outcome: Outcome): Promise<void> | undefined {
    const { status } = outcome
    const isMissing = status === 'failed' || (status === 'skipped' && isFailure(outcome.reason))
    if (isMissing) this.#failed += 1
    if (status !== 'done' || outcome.operation === 'delete') return undefined
    const { name, key, size, checksum, versionId, lastModified, verified = 'none' } = outcome
    const { etag, sourceEtag } = outcome as Copied
    return this.#add({
      key,
      versionId,
      size,
      checksum,
      etag: bareEtag(etag),
      sourceEtag: bareEtag(sourceEtag),
      lastModified,
      mtime: outcome.fileMtimeMs,
      verified,
      name,
      file: this.#fileOf(outcome),
    })
  }

  /** Takes what was in place before. */
  unchanged(entry: UnchangedEntry): Promise<void> | undefined {
    const { name, key, size, etag, lastModified, fileMtimeMs: mtime, checksum } = entry
    return this.#add({
      key,
      size,
      checksum,
      etag: bareEtag(etag),
      lastModified: lastModified === 0 ? undefined : lastModified,
      mtime,
      verified: checksum === undefined ? 'none' : 'checksum',
      name,
    })
  }

  /**
   * Writes the end, and gives the file its name.
   * @param hasEnded whether all was tried that was to be done
   * @throws (rejects) ERR_TARGET_UNWRITABLE, ERR_DISK_FULL, …
   */
  async close(hasEnded: boolean): Promise<void> {
    const [records, bytes, failed] = [this.#records, this.#bytes, this.#failed]
    const complete = hasEnded && failed === 0
    const end: ManifestEnd = {
      records,
      bytes,
      failed,
      complete,
      finished: new Date().toISOString(),
    }
    if (!this.#isCsv) this.#text += jsonLine({ end })
    const part = unfinished(this.#path)
    try {
      this.#head.end(this.#text)
      await this.#done
      await rename(part, this.#path)
      if (this.#isCsv) await this.#writeBeside(end)
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined)
      throw targetError(this.#error ?? error, this.#path)
    }
  }

  async #writeBeside(end: ManifestEnd): Promise<void> {
    const beside = besideCsv(this.#path)
    const schema = { fileFormat: 'CSV', fileSchema: CSV_SCHEMA }
    const text = JSON.stringify({ ...headerFields(this.#header), ...schema, end }, undefined, 2)
    await writeFile(unfinished(beside), `${text}\n`, { flush: true })
    await rename(unfinished(beside), beside)
  }

  #fileOf({ name, path }: DoneOutcome): string | undefined {
    if (this.#root === undefined || path === undefined) return undefined
    const below = relative(this.#root, path)
    const file = sep === '/' ? below : below.replaceAll(sep, '/')
    return file === name ? undefined : file
  }

  #add(record: Omit<ManifestRecord, 'bucket' | 'time'>): Promise<void> | undefined {
    if (this.#error !== undefined) throw targetError(this.#error, this.#path)
    this.#records += 1
    this.#bytes += record.size
    const row = rowOf({ bucket: this.#header.bucket, ...record, time: Date.now() })
    this.#text += this.#isCsv ? csvLine(row) : jsonLine(row)
    if (this.#text.length < PIECE) return undefined
    const text = this.#text
    this.#text = ''
    if (this.#head.write(text)) return undefined
    this.#drained ??= this.#waitForDrain()
    return this.#drained
  }

  /** Never rejects: what is wrong with the file is told by the next record. */
  async #waitForDrain(): Promise<void> {
    if (!this.#head.destroyed) {
      await once(this.#head, 'drain', { signal: this.#signal }).catch(() => undefined)
    }
    this.#drained = undefined
  }
}

export function isCsv(path: string): boolean {
  return /\.csv(?:\.gz)?$/iu.test(path)
}

/** Where header and end of a manifest in CSV are. */
export function besideCsv(path: string): string {
  return `${path}.json`
}

function unfinished(path: string): string {
  return `${path}.part`
}
