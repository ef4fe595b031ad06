/**
 * The directory of a migration: what the job is (`job.json`), what became of each object in all of its runs
 * (`outcomes.ndjson`, a line each, appended), and the sums (`report.json`). One process at a time.
 */

import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, open, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { TransferError } from '../errors.ts'
import { JobLock } from '../journal/job-lock.ts'
import { errnoOf, targetError } from '../local-errors.ts'
import type { Outcome } from '../tree/outcome.ts'
import { outcomeRecord } from './outcome-record.ts'

/** Version of the files. */
const VERSION = 1

/** What a job is; another wish is another job. */
export interface JobPlan {
  /** `s3://bucket/prefix` with its endpoint. */
  readonly from: string
  readonly to: string
  readonly overwrite: string
  /** Absent of one that copies current versions. */
  readonly allVersions?: true | undefined
}

/** Sums over all runs of a job. */
export interface JobSums {
  readonly runs: number
  /** Epoch milliseconds, of the first run. */
  readonly startedAt: number
  /** Copies made and proved; of an object that changed between two runs there are two. */
  readonly copied: number
  readonly bytes: number
  /** Copied in this run. */
  readonly copiedNow: number
}

interface JobFile extends JobPlan {
  readonly version: number
  readonly startedAt: number
  readonly runs: number
}

export class MigrationJob {
  readonly directory: string
  readonly startedAt: number
  readonly runs: number
  readonly #lock: JobLock
  readonly #path: string
  readonly #stream: WriteStream
  #copied: number
  #bytes: number
  #copiedNow = 0
  #error: Error | undefined

  private constructor(directory: string, file: JobFile, lock: JobLock, before: EarlierRuns) {
    this.directory = directory
    this.startedAt = file.startedAt
    this.runs = file.runs
    this.#lock = lock
    this.#copied = before.copied
    this.#bytes = before.bytes
    this.#path = join(directory, 'outcomes.ndjson')
    this.#stream = createWriteStream(this.#path, { flags: 'a', mode: 0o600 })
    this.#stream.on('error', (error) => (this.#error ??= error))
  }

  /**
   * Makes the directory, or goes on with the job that is in it.
   * @throws ERR_JOURNAL_LOCKED while another process is at work, ERR_OPTION_INVALID for a directory of
   *   another job, ERR_TARGET_UNWRITABLE, ERR_DISK_FULL
   */
  static async open(directory: string, plan: JobPlan): Promise<MigrationJob> {
    let lock: JobLock | undefined
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      lock = await JobLock.take(directory, 'migration')
      const found = await readJob(directory)
      if (found !== undefined) checkSame(directory, plan, found)
      const { startedAt, runs } = found ?? { startedAt: Date.now(), runs: 0 }
      const file = { version: VERSION, ...plan, startedAt, runs: runs + 1 }
      await replace(join(directory, 'job.json'), `${JSON.stringify(file, undefined, 2)}\n`)
      const before = await readEarlier(join(directory, 'outcomes.ndjson'))
      return new MigrationJob(directory, file, lock, before)
    } catch (error) {
      await lock?.release()
      throw targetError(error, directory)
    }
  }

  /** Notes what became of an object. A promise when the disk has to catch up. */
  note(outcome: Outcome, bucket: string): Promise<void> | undefined {
    const record = outcomeRecord(outcome, bucket)
    if (outcome.status === 'done' && outcome.operation === 'copy') {
      this.#copiedNow += 1
      this.#copied += 1
      this.#bytes += outcome.size
    }
    if (this.#stream.write(`${JSON.stringify(record)}\n`)) return undefined
    return new Promise((resolve) => {
      const end = (): void => {
        for (const event of ['drain', 'error', 'close']) this.#stream.off(event, end)
        resolve()
      }
      for (const event of ['drain', 'error', 'close']) this.#stream.on(event, end)
    })
  }

  /**
   * Resolves when what was noted is with the system, with how many bytes there are.
   * @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL
   */
  async written(): Promise<number> {
    await new Promise<void>((resolve) => {
      if (this.#error !== undefined) resolve()
      else this.#stream.write('', () => resolve())
    })
    if (this.#error !== undefined) throw targetError(this.#error, this.directory)
    return (await stat(this.#path)).size
  }

  /** How many were noted behind so many bytes. */
  async notedBehind(start: number): Promise<number> {
    let count = 0
    for await (const _ of createInterface({ input: createReadStream(this.#path, { start }) })) {
      count += 1
    }
    return count
  }

  get sums(): JobSums {
    const { runs, startedAt } = this
    return { runs, startedAt, copied: this.#copied, bytes: this.#bytes, copiedNow: this.#copiedNow }
  }

  /** Writes the sums, and lets go. @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL */
  async close(report: object | undefined): Promise<void> {
    try {
      this.#stream.end()
      await finished(this.#stream)
      if (this.#error !== undefined) throw this.#error
      await syncFile(this.#path)
      if (report !== undefined) {
        const text = `${JSON.stringify(report, undefined, 2)}\n`
        await replace(join(this.directory, 'report.json'), text)
      }
    } catch (error) {
      throw targetError(this.#error ?? error, this.directory)
    } finally {
      await this.#lock.release()
    }
  }
}

async function readJob(directory: string): Promise<JobFile | undefined> {
  const path = join(directory, 'job.json')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  let file: Partial<JobFile>
  try {
    file = JSON.parse(text) as Partial<JobFile>
  } catch (error) {
    throw notAJob(directory, 'its job.json is no JSON', error)
  }
  if (file.version !== VERSION) {
    throw notAJob(directory, `its version is ${String(file.version)}, known is ${VERSION}`)
  }
  return file as JobFile
}

function checkSame(directory: string, plan: JobPlan, found: JobFile): void {
  for (const name of ['from', 'to', 'overwrite', 'allVersions'] as const) {
    if (plan[name] === found[name]) continue
    const [was, is] = [found[name] ?? false, plan[name] ?? false]
    throw notAJob(directory, `\`${name}\` was ${was} there, and is ${is} now`)
  }
}

function notAJob(directory: string, why: string, cause?: unknown): TransferError {
  const message = `${directory} is not the directory of this migration: ${why}. Give another one.`
  const context = { path: directory, option: 'jobDirectory' }
  return new TransferError('ERR_OPTION_INVALID', message, context, { cause })
}

interface EarlierRuns {
  readonly copied: number
  readonly bytes: number
}

/** What earlier runs copied. A last line that a kill has cut is taken away. */
async function readEarlier(path: string): Promise<EarlierRuns> {
  let [copied, bytes, whole] = [0, 0, 0]
  let input
  try {
    await stat(path)
    input = createReadStream(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { copied, bytes }
    throw error
  }
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const record = parse(line)
    if (record === undefined) break
    whole += Buffer.byteLength(line) + 1
    if (record['status'] !== 'done' || record['operation'] !== 'copy') continue
    copied += 1
    bytes += Number(record['size'])
  }
  const { size } = await stat(path)
  if (whole !== size) await truncate(path, Math.min(whole, size))
  return { copied, bytes }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}

/** In one step, and durable. */
async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  await writeFile(temporary, text, { mode: 0o600 })
  await syncFile(temporary)
  await rename(temporary, path)
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
