/**
 * Calls about one object, from what a caller wrote to the driver that does it. Used by the engine for
 * its callers, and by trees for each of their objects, also while an engine closes.
 */

import { drivers } from './environment.ts'
import { TransferError } from './errors.ts'
import {
  badTarget,
  copyDestination,
  destinationOf,
  objectAt,
  versionOf,
  type ObjectLocation,
} from './locations.ts'
import { readBeginning } from './journal/read-beginning.ts'
import type { ResolvedOptions } from './options.ts'
import {
  checkCopyOptions,
  checkDownloadOptions,
  checkResumeOptions,
  checkUploadOptions,
  type CheckedCopy,
  type CopyOptions,
  type DownloadOptions,
  type ResumeOptions,
  type UploadOptions,
} from './transfer-options.ts'
import type { RequestAttributes } from './store/attributes.ts'
import type { ObjectInfo } from './store/object-store.ts'
import type { ObjectRef } from './store/types.ts'
import { validateKey } from './store/uri.ts'
import type { ListedObject } from './transfer/copy.ts'
import type { FileRules } from './transfer/file-rules.ts'
import type { ProvedObject } from './transfer/prove-object.ts'
import type { SampledObject } from './transfer/sample-object.ts'
import type { Checksum, CopyResult, DownloadResult, UploadResult } from './transfer/results.ts'
import type { RunningTransfers, StartedTransfer } from './transfer/running-transfers.ts'
import type { Transfer } from './transfer/transfer.ts'
import type { TransferEnvironment, TransferRun } from './transfer/transfer-run.ts'
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
      if (checked.removeSource && path === undefined) throw notRemovable('of a file')
      return { names: { kind: 'upload' as const, bucket, key, path }, checked }
    }
    return this.#transfers.submit(prepare, options, async (run, { names: { path }, checked }) => {
      const { uploadInput } = await drivers.upload()
      const isChecksumChosen = options.checksumAlgorithm !== undefined
      const copy = () => uploadInput(run, source, { ...checked, isChecksumChosen })
      if (!checked.removeSource || path === undefined) return copy()
      const { moveFile } = await drivers.move()
      return moveFile(path, run.context, copy)
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
      const { bucket, key, versionId } = object
      const checked = checkDownloadOptions({ ...options, versionId }, this.#options.tuning)
      return { names: { kind: 'download' as const, bucket, key, path }, object, path, checked }
    }
    return this.#transfers.submit(prepare, options, async (run, { object, path, checked }) => {
      const { runDownload } = await drivers.download()
      const spec = { object, ...checked, compare: await this.#compares() }
      const copy = () => runDownload(run, spec, path)
      if (!checked.removeSource) return copy()
      const { moveObject } = await drivers.move()
      const how = { attributes: checked.attributes, signal: run.signal }
      return moveObject(this.#env.store, run.context, how, copy)
    })
  }

  copy(
    source: ObjectLocation,
    destination: ObjectLocation,
    options: CopyOptions,
    check: () => void = nothing,
  ): Transfer<CopyResult> {
    const prepare = () => {
      check()
      const from = { ...objectAt(source), ...versionOf(options) }
      const { bucket, key } = copyDestination(destination, from)
      const checked = checkCopyOptions(options, this.#options.tuning)
      const isOne = this.#env.isOneIdentity && from.bucket === bucket && from.key === key
      if (checked.upload.removeSource && isOne) throw notRemovable('of a copy to another place')
      const names = { kind: 'copy' as const, bucket, key, path: undefined, source: from }
      return { names, from, checked }
    }
    return this.#transfers.submit(prepare, options, (run, { from, checked }) =>
      this.#copy(run, from, checked, options),
    )
  }

  /** Copies that are asked for alike. */
  copies(
    options: CopyOptions,
  ): (from: ObjectRef, object: ObjectRef, listed?: ListedObject) => StartedTransfer<CopyResult> {
    const checked = checkCopyOptions(options, this.#options.tuning)
    return (from, { bucket, key }, listed) => {
      const names = { kind: 'copy' as const, bucket, key, path: undefined, source: from }
      return this.#transfers.start(names, options, async (run) => {
        validateKey(key)
        return this.#copy(run, from, checked, options, listed)
      })
    }
  }

  async #copy(
    run: TransferRun,
    from: ObjectRef,
    { upload, sourceAttributes, via, carry }: CheckedCopy,
    { checksumAlgorithm, partSize }: CopyOptions,
    listed?: ListedObject,
  ): Promise<CopyResult> {
    const { runCopy } = await drivers.copy()
    const { requestChecksumCalculation, profile } = await this.#env.store.settings()
    const isChecksumChosen = checksumAlgorithm !== undefined
    const sendChecksum = isChecksumChosen || requestChecksumCalculation === 'WHEN_SUPPORTED'
    const spec = {
      from,
      listed,
      upload: { ...upload, sendChecksum, limits: profile.limits },
      isChecksumChosen,
      partSize,
      sourceAttributes,
      compare: await this.#compares(this.#env.source),
      way: via,
      carry,
    }
    const copy = () => runCopy(run, spec)
    if (!upload.removeSource) return copy()
    const { moveCopy } = await drivers.move()
    const how = { attributes: sourceAttributes, signal: run.signal }
    return moveCopy(this.#env.source, run.context, how, copy)
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

  /** The same of downloads. @param rules for the files they end in */
  downloads(
    options: DownloadOptions,
    rules: FileRules,
  ): (object: ObjectRef, path: string, lastModified?: number) => StartedTransfer<DownloadResult> {
    const checked = { ...checkDownloadOptions(options, this.#options.tuning), ...rules }
    return (object, path, lastModified) => {
      const { bucket, key } = object
      return this.#transfers.start(
        { kind: 'download', bucket, key, path },
        options,
        async (run) => {
          validateKey(key)
          const { runDownload } = await drivers.download()
          const compare = await this.#compares()
          return runDownload(run, { object, lastModified, ...checked, compare }, path)
        },
      )
    }
  }

  /** Reads objects and keeps nothing of them: whether they have a checksum that is known from elsewhere. */
  proofs(
    options: RequestAttributes & Pick<DownloadOptions, 'signal'>,
  ): (object: ObjectRef, info: ObjectInfo, expected: Checksum) => StartedTransfer<ProvedObject> {
    const checked = checkDownloadOptions(options, this.#options.tuning)
    return (object, info, expected) => {
      const { bucket, key } = object
      const names = { kind: 'read', bucket, key, path: undefined } as const
      return this.#transfers.start(names, options, async (run) => {
        const { proveObject } = await drivers.prove()
        return proveObject(run, { object, ...checked, compare: true, known: { info, expected } })
      })
    }
  }

  /** Reads the beginning of an object of the source, and forgets it. */
  sample(sampled: SampledObject, signal: AbortSignal): Promise<unknown> {
    const { bucket, key } = sampled.object
    const names = { kind: 'read', bucket, key, path: undefined } as const
    const work = async (run: TransferRun) => (await drivers.sample()).sampleObject(run, sampled)
    return this.#transfers.start(names, { signal }, work).done
  }

  resume(
    id: string,
    options: ResumeOptions,
    check: () => void,
  ): Transfer<UploadResult | DownloadResult | CopyResult> {
    const prepare = () => {
      check()
      const secrets = checkResumeOptions(options)
      const begin = readBeginning(this.#env.openUploads.stateDirectory, id)
      const { bucket, key } = begin.place
      const source = begin.type === 'upload' ? begin.from : undefined
      const names =
        source === undefined
          ? { kind: begin.type, bucket, key, path: begin.path }
          : { kind: 'copy' as const, bucket, key, path: undefined, source }
      return { names, begin, secrets }
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
    if (checked.removeSource) throw notRemovable('of a download into a file')
    const compares = () => this.#compares()
    const { bucket, key } = object
    const names = { kind: 'read', bucket, key, path: undefined } as const
    yield* this.#transfers.stream(names, options, async function* (run) {
      const { readObject } = await drivers.read()
      yield* readObject(run, { object, ...checked, compare: await compares() })
    })
  }

  async #compares(store = this.#env.store): Promise<boolean> {
    const { responseChecksumValidation } = await store.settings()
    return responseChecksumValidation === 'WHEN_SUPPORTED'
  }
}

/** Without a file nothing is proved to last, or nothing is there to be removed. */
function notRemovable(where: string): TransferError {
  const message = `\`removeSource\` is an option ${where}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option: 'removeSource' })
}

function nothing(): void {
  // Nothing is in the way.
}
