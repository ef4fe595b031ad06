/**
 * Calls about one object, from what a caller wrote to the driver that does it. Used by the engine for
 * its callers, and by trees for each of their objects, also while an engine closes.
 */

import { drivers } from './environment.ts'
import { badTarget, destinationOf, objectAt, versionOf, type ObjectLocation } from './locations.ts'
import { readBeginning } from './journal/read-beginning.ts'
import type { ResolvedOptions } from './options.ts'
import {
  checkDownloadOptions,
  checkResumeOptions,
  checkUploadOptions,
  type DownloadOptions,
  type ResumeOptions,
  type UploadOptions,
} from './transfer-options.ts'
import type { ObjectRef } from './store/types.ts'
import { validateKey } from './store/uri.ts'
import type { DownloadResult, UploadResult } from './transfer/results.ts'
import type { RunningTransfers, StartedTransfer } from './transfer/running-transfers.ts'
import type { Transfer } from './transfer/transfer.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'
import { checkUploadInput, hearErrors, pathOf, type UploadInput } from './transfer/upload-input.ts'

export class ObjectCalls {
  readonly #env: TransferEnvironment
  readonly #transfers: RunningTransfers
  readonly #options: ResolvedOptions

  constructor(env: TransferEnvironment, transfers: RunningTransfers, options: ResolvedOptions) {
    this.#env = env
    this.#transfers = transfers
    this.#options = options
  }

  /** @param check throws what rejects the transfer before anything is looked at */
  upload(
    source: UploadInput,
    destination: ObjectLocation | undefined,
    options: UploadOptions,
    check: () => void = nothing,
  ): Transfer<UploadResult> {
    hearErrors(source)
    const prepare = () => {
      check()
      checkUploadInput(source)
      const path = pathOf(source)
      const { bucket, key } = destinationOf(destination, path, this.#options.target.target)
      const checked = checkUploadOptions(options, this.#options.tuning)
      return { names: { kind: 'upload' as const, bucket, key, path }, checked }
    }
    return this.#transfers.submit(prepare, options, async (run, { checked }) => {
      const { uploadInput } = await drivers.upload()
      const isChecksumChosen = options.checksumAlgorithm !== undefined
      return uploadInput(run, source, { ...checked, isChecksumChosen })
    })
  }

  download(
    source: ObjectLocation,
    target: string | URL,
    options: DownloadOptions,
    check: () => void = nothing,
  ): Transfer<DownloadResult> {
    const prepare = () => {
      check()
      const object = { ...objectAt(source), ...versionOf(options) }
      const path = pathOf(target)
      if (path === undefined) throw badTarget(target)
      const checked = checkDownloadOptions(options, this.#options.tuning)
      const { bucket, key } = object
      return { names: { kind: 'download' as const, bucket, key, path }, object, path, checked }
    }
    return this.#transfers.submit(prepare, options, async (run, { object, path, checked }) => {
      const { runDownload } = await drivers.download()
      return runDownload(run, { object, ...checked, compare: await this.#compares() }, path)
    })
  }

  /** Uploads of files that are asked for alike: the options are checked once. */
  uploads(
    options: UploadOptions,
  ): (path: string, object: ObjectRef) => StartedTransfer<UploadResult> {
    const isChecksumChosen = options.checksumAlgorithm !== undefined
    const wishes = { ...checkUploadOptions(options, this.#options.tuning), isChecksumChosen }
    return (path, { bucket, key }) =>
      this.#transfers.start({ kind: 'upload', bucket, key, path }, options, async (run) => {
        validateKey(key)
        const { uploadInput } = await drivers.upload()
        return uploadInput(run, path, wishes)
      })
  }

  /** The same of downloads. */
  downloads(
    options: DownloadOptions,
  ): (object: ObjectRef, path: string) => StartedTransfer<DownloadResult> {
    const checked = checkDownloadOptions(options, this.#options.tuning)
    return (object, path) => {
      const { bucket, key } = object
      return this.#transfers.start(
        { kind: 'download', bucket, key, path },
        options,
        async (run) => {
          validateKey(key)
          const { runDownload } = await drivers.download()
          return runDownload(run, { object, ...checked, compare: await this.#compares() }, path)
        },
      )
    }
  }

  resume(
    id: string,
    options: ResumeOptions,
    check: () => void,
  ): Transfer<UploadResult | DownloadResult> {
    const prepare = () => {
      check()
      const secrets = checkResumeOptions(options)
      const begin = readBeginning(this.#env.openUploads.stateDirectory, id)
      const { bucket, key } = begin.place
      return { names: { kind: begin.type, bucket, key, path: begin.path }, begin, secrets }
    }
    return this.#transfers.submit(prepare, options, async (run, { begin, secrets }) => {
      const { resumeJob } = await drivers.resumeJob()
      return resumeJob(run, { id, begin, secrets, compare: await this.#compares() })
    })
  }

  /** Reads the first chunk, and with it begins, when it is asked for. */
  async *read(
    source: ObjectLocation,
    options: DownloadOptions,
  ): AsyncGenerator<Buffer, void, undefined> {
    const object = { ...objectAt(source), ...versionOf(options) }
    const checked = checkDownloadOptions(options, this.#options.tuning)
    const compares = () => this.#compares()
    const { bucket, key } = object
    const names = { kind: 'read', bucket, key, path: undefined } as const
    yield* this.#transfers.stream(names, options, async function* (run) {
      const { readObject } = await drivers.read()
      yield* readObject(run, { object, ...checked, compare: await compares() })
    })
  }

  async #compares(): Promise<boolean> {
    const { responseChecksumValidation } = await this.#env.store.settings()
    return responseChecksumValidation === 'WHEN_SUPPORTED'
  }
}

function nothing(): void {
  // Nothing is in the way.
}
