/**
 * Calls about whole trees and prefixes, from what a caller wrote to the driver that does it.
 */

import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drivers } from './environment.ts'
import { toTransferError, TransferError } from './errors.ts'
import type { ResolvedTuning } from './options.ts'
import type { ObjectCalls } from './object-calls.ts'
import { bucketAttributes, type BucketAttributes } from './store/attributes.ts'
import { parseS3Uri } from './store/uri.ts'
import { checkCopyOptions, checkDownloadOptions, checkUploadOptions } from './transfer-options.ts'
import type { RunningTasks } from './transfer/running-tasks.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'
import type { DigestFile } from './tree/checksum-compare.ts'
import type { CopyTreeSpec, LocalSide, StoreSide, TreeSpec } from './tree/sides.ts'
import { TreeJob, type JobOptions } from './tree/tree-job.ts'
import { checkTreeOptions } from './tree/check-tree-options.ts'
import type {
  CheckedTree,
  CopyPrefixOptions,
  DownloadDirectoryOptions,
  SyncOptions,
  TreeCopyHow,
  UploadDirectoryOptions,
} from './tree/tree-options.ts'
import { makeTreeTransfer, type TreeResult, type TreeTransfer } from './tree/tree-transfer.ts'

type AnyOptions =
  | UploadDirectoryOptions
  | DownloadDirectoryOptions
  | SyncOptions
  | CopyPrefixOptions

type AnySpec = TreeSpec | CopyTreeSpec

export interface TreeCallsOptions {
  readonly env: TransferEnvironment
  readonly objects: ObjectCalls
  readonly tuning: ResolvedTuning
  readonly tasks: RunningTasks
  /** Throws once the engine takes no more work. */
  readonly check: () => void
}

export class TreeCalls {
  readonly #options: TreeCallsOptions

  constructor(options: TreeCallsOptions) {
    this.#options = options
  }

  upload(
    directory: string | URL,
    destination: string,
    options: UploadDirectoryOptions,
  ): TreeTransfer {
    return this.#start(options, () => {
      const [local, remote] = [localSide(directory), storeSide(destination, options)]
      return { direction: 'upload', local, remote, how: 'copy' }
    })
  }

  download(
    source: string,
    directory: string | URL,
    options: DownloadDirectoryOptions,
  ): TreeTransfer {
    return this.#start(options, () => {
      const [local, remote] = [localSide(directory), storeSide(source, options)]
      return { direction: 'download', local, remote, how: 'copy' }
    })
  }

  copy(from: string, to: string, options: CopyPrefixOptions): TreeTransfer {
    return this.#start(options, () => this.between(from, to, options, 'copy'))
  }

  sync(from: string | URL, to: string | URL, options: SyncOptions): TreeTransfer {
    return this.#start(options, () => {
      const [isFrom, isTo] = [isUri(from), isUri(to)]
      if (isFrom && isTo) return this.between(from, to, options, 'sync')
      if (!isFrom && !isTo) {
        const message = 'One of both sides must be s3://bucket/prefix.'
        throw new TransferError('ERR_URI_INVALID', message)
      }
      return isFrom
        ? {
            direction: 'download',
            local: localSide(to),
            remote: storeSide(from, options),
            how: 'sync',
          }
        : {
            direction: 'upload',
            local: localSide(from),
            remote: storeSide(to, options),
            how: 'sync',
          }
    })
  }

  /** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
  checkCopies(options: CopyPrefixOptions, spec: CopyTreeSpec): void {
    this.#checked(options, spec)
  }

  /** Copies between sides that were checked, in a way that only a migration asks for. */
  copyAs(options: CopyPrefixOptions, spec: CopyTreeSpec, how: TreeCopyHow): TreeTransfer {
    return this.#start(options, () => spec, how)
  }

  /** @throws ERR_OPTION_INVALID where one side is within the other */
  between(from: unknown, to: unknown, options: AnyOptions, how: CopyTreeSpec['how']): CopyTreeSpec {
    const [source, remote] = [storeSide(from, options), storeSide(to, options)]
    const [a, b] = [source.prefix, remote.prefix]
    const isWithin = source.bucket === remote.bucket && (a.startsWith(b) || b.startsWith(a))
    const { rename } = options as CopyPrefixOptions
    // Two endpoints may be one store all the same; that nobody can know.
    if (isWithin && this.#options.env.isOneIdentity && (a !== b || rename === undefined)) {
      const message = 'One of both sides is within the other: copies would be copied again.'
      throw new TransferError('ERR_OPTION_INVALID', message, { bucket: source.bucket })
    }
    return { direction: 'copy', from: source, remote, how }
  }

  #checked(options: AnyOptions, spec: AnySpec): CheckedTree {
    const { tuning } = this.#options
    const { removeSource } = options as UploadDirectoryOptions
    return checkTreeOptions(options, spec, (own) => {
      const each = { ...own, ...(removeSource === true ? { removeSource } : {}) }
      if (spec.direction === 'copy') checkCopyOptions(each, tuning)
      else if (spec.direction === 'upload') checkUploadOptions(each, tuning)
      else checkDownloadOptions(each, tuning)
    })
  }

  #start(options: AnyOptions, prepare: () => AnySpec, how?: TreeCopyHow): TreeTransfer {
    const { env, objects, tuning, tasks, check } = this.#options
    const cut = new AbortController()
    const { signal: callers } = options
    const signal =
      callers instanceof AbortSignal ? AbortSignal.any([callers, cut.signal]) : cut.signal
    let job: TreeJob | undefined
    const run = async () => {
      try {
        check()
        const spec = prepare()
        const checked = { ...this.#checked(options, spec), ...how }
        return await tasks.run(signal, async (either) => {
          const { store, source, isOneIdentity, resume } = env
          const { maxTransfers } = tuning
          const digest = digestIn(env)
          const stores = { store, source, isOneIdentity }
          const host = { ...stores, objects, digest, resume, maxTransfers, sizes: tuning }
          const runJob = async (heard: JobOptions): Promise<TreeResult> => {
            const started = new TreeJob(either, heard)
            job = started
            if (spec.direction === 'copy') {
              const { runCopyTree } = await drivers.copyTree()
              return started.result(await runCopyTree(host, started, spec, checked))
            }
            const { runTree } = await drivers.tree()
            return started.result(await runTree(host, started, spec, checked))
          }
          const { manifest } = checked
          if (manifest === undefined) return runJob(checked)
          const { notedTree } = await drivers.manifest()
          return notedTree(manifest, spec, checked, either, runJob)
        })
      } catch (error) {
        throw job?.failure(error) ?? toTransferError(error)
      }
    }
    return makeTreeTransfer(run(), {
      progress: () => job?.progress,
      abort: (reason) => cut.abort(reason),
    })
  }
}

export function isUri(side: string | URL): side is string {
  return typeof side === 'string' && side.startsWith('s3://')
}

export function localSide(directory: string | URL): LocalSide {
  const path = directory instanceof URL ? fileURLToPath(directory) : directory
  if (typeof path === 'string' && path !== '' && !isUri(path)) {
    return { kind: 'local', root: resolve(path) }
  }
  const message = 'The local side is the path of a directory.'
  throw new TransferError('ERR_OPTION_INVALID', message)
}

/** A prefix is taken for a folder: `s3://bucket/a` holds `a/b`, and not `ab`. */
export function storeSide(uri: unknown, options: BucketAttributes): StoreSide {
  if (typeof uri !== 'string') {
    throw new TransferError('ERR_URI_INVALID', 'The side of the store is s3://bucket/prefix.')
  }
  const { bucket, key } = parseS3Uri(uri)
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
  return { kind: 'store', bucket, prefix, attributes: bucketAttributes(options) }
}

/** Hashes files in the workers of an engine. */
export function digestIn(env: TransferEnvironment): DigestFile {
  return async (path, algorithm, signal) => {
    const { digestFile } = await drivers.digest()
    return digestFile(env, path, algorithm, signal)
  }
}
