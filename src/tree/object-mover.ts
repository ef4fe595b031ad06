/**
 * Does what a plan for a tree says, through the engine's own calls about one object.
 */

import { rm } from 'node:fs/promises'
import { isTransferError, toTransferError, type TransferError } from '../errors.ts'
import { attributesFor, type Restore } from '../file-attributes.ts'
import { targetError } from '../local-errors.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import type { ListedObject } from '../transfer/copy.ts'
import type { FileRules } from '../transfer/file-rules.ts'
import type { CopyResult, DownloadResult, UploadResult, Verification } from '../transfer/results.ts'
import type { StartedTransfer } from '../transfer/running-transfers.ts'
import type { LocalDirectories } from './local-directories.ts'
import type { ObjectOptions } from './object-options.ts'
import type { Done, TreeAction } from './outcome.ts'
import type { Mover } from './run-actions.ts'
import type { CopyTreeSpec, StoreSide, TreeSpec } from './sides.ts'
import type { SourceRemoval } from './source-removal.ts'
import type { TemporaryFiles } from './temporary-files.ts'

/** Rounds in which objects that a store could not remove just then are asked for again. */
const REMOVAL_ROUNDS = 3

/** The engine's calls about objects that are asked for alike. */
export interface ObjectTransfers {
  copies(
    options: object,
  ): (from: ObjectRef, to: ObjectRef, listed?: ListedObject) => StartedTransfer<CopyResult>
  uploads(options: object): (path: string, object: ObjectRef) => StartedTransfer<UploadResult>
  downloads(
    options: object,
    rules: FileRules,
  ): (object: ObjectRef, path: string, lastModified?: number) => StartedTransfer<DownloadResult>
}

type Result = UploadResult | DownloadResult | CopyResult

export type Transferring = (action: TreeAction) => StartedTransfer<Result>

export interface TransferringOptions {
  readonly spec: TreeSpec | CopyTreeSpec
  readonly objectOptions: ObjectOptions
  /** For files that come down. */
  readonly rules: FileRules
  /** Whether small ones are on the disk before they get their names, if nothing else is said. */
  readonly fsync?: boolean | undefined
  readonly signal: AbortSignal
}

/** How each object is moved. Options that are the same of all are checked once. */
export function transferring(
  objects: ObjectTransfers,
  { spec, objectOptions, rules, fsync = false, signal }: TransferringOptions,
): Transferring {
  const { direction, remote } = spec
  const { bucket } = remote
  const asked = (options: object): Transferring => {
    if (direction === 'copy') {
      const copy = objects.copies({ ...options, signal })
      const { from } = spec
      return ({ key, sourceKey = key, sourceVersionId: versionId, sourceEtag: etag, size }) => {
        const listed = etag === undefined || versionId !== undefined ? undefined : { size, etag }
        const source = { bucket: from.bucket, key: sourceKey, versionId }
        return copy(source, { bucket, key }, listed)
      }
    }
    if (direction === 'upload') {
      const upload = objects.uploads({ ...options, signal })
      return ({ key, path = '' }) => upload(path, { bucket, key })
    }
    const download = objects.downloads({ fsync, ...options, signal }, rules)
    return ({ key, path = '', mtimeMs }) => download({ bucket, key }, path, mtimeMs)
  }
  const alike = asked(objectOptions.each)
  return (action) => {
    const options = objectOptions.of(action)
    return options === objectOptions.each ? alike(action) : asked(options)(action)
  }
}

export interface MoverOptions {
  readonly transfer: Transferring
  readonly store: ObjectStore
  readonly remote: StoreSide
  /** Of the local side, if things come down. */
  readonly directories: LocalDirectories | undefined
  /** The same. */
  readonly temporary: TemporaryFiles | undefined
  /** Removes the source of each, if that is asked for. */
  readonly sources: SourceRemoval | undefined
  /** What files that come down are given of their objects. */
  readonly restore: Restore | undefined
  readonly signal: AbortSignal
}

export class ObjectMover implements Mover {
  readonly #options: MoverOptions
  readonly #underWay = new Set<StartedTransfer<unknown>>()

  constructor(options: MoverOptions) {
    this.#options = options
  }

  /** Bytes of what is under way. */
  get transferred(): number {
    let sum = 0
    for (const { transferred } of this.#underWay) sum += transferred()
    return sum
  }

  async move(action: TreeAction): Promise<Done> {
    const { transfer: start, directories, temporary, sources, restore } = this.#options
    if (directories !== undefined) await directories.makeFor(action.path ?? '')
    if (temporary !== undefined) await temporary.noted()
    const removeSource = await sources?.(action)
    const transfer = start(action)
    this.#underWay.add(transfer)
    try {
      const result = await transfer.done
      const { size, attempts, elapsedMs, etag, checksum, resumed } = result
      const isCopy = 'how' in result
      const verified = isCopy ? weaker(result) : result.verified
      await removeSource?.({ verified, etag: isCopy ? result.sourceEtag : etag })
      const done = { size, attempts, elapsedMs, etag, checksum, verified, resumed }
      if (isCopy) {
        const { how, sourceEtag, versionId, grantsLost } = result
        return { ...done, how, sourceEtag, versionId, grantsLost }
      }
      const { mtimeMs } = action
      if (!('metadata' in result)) {
        return { ...done, versionId: result.versionId, fileMtimeMs: mtimeMs }
      }
      const { metadata, lastModified = mtimeMs, object } = result
      const { mtimeMs: fileMtimeMs } = attributesFor(restore, { metadata, lastModified })
      return { ...done, versionId: object.versionId, lastModified, fileMtimeMs }
    } catch (error) {
      if (isTransferError(error) && error.context.leftBehind !== undefined) temporary?.left()
      throw error
    } finally {
      this.#underWay.delete(transfer)
    }
  }

  async remove(actions: readonly TreeAction[]): Promise<ReadonlyMap<TreeAction, TransferError>> {
    const failures = new Map<TreeAction, TransferError>()
    const objects = actions.filter(({ path }) => path === undefined)
    for (const action of actions) {
      const { path } = action
      if (path === undefined) continue
      await rm(path, { force: true }).catch((error: unknown) => {
        failures.set(action, toTransferError(targetError(error, path)))
      })
    }
    for (const [action, error] of await this.#removeObjects(objects)) failures.set(action, error)
    return failures
  }

  async #removeObjects(
    actions: readonly TreeAction[],
  ): Promise<ReadonlyMap<TreeAction, TransferError>> {
    const failures = new Map<TreeAction, TransferError>()
    let rest = actions
    for (let round = 1; rest.length > 0; round += 1) {
      const refused = await this.#deleteObjects(rest.map(({ key }) => key))
      const again: TreeAction[] = []
      for (const action of rest) {
        const error = refused.get(action.key)
        if (error === undefined) failures.delete(action)
        else {
          failures.set(action, error)
          if (error.retryable && round < REMOVAL_ROUNDS) again.push(action)
        }
      }
      rest = again
    }
    return failures
  }

  async #deleteObjects(keys: readonly string[]): Promise<ReadonlyMap<string, TransferError>> {
    const { store, remote, signal } = this.#options
    const { bucket, attributes } = remote
    try {
      return await store.deleteObjects(bucket, keys, { attributes, signal })
    } catch (error) {
      const failure = toTransferError(error)
      return new Map(keys.map((key) => [key, failure.with({ key })]))
    }
  }
}

/** A copy is proved as far as both of its sides are. */
function weaker({ verified, sourceVerified }: CopyResult): Verification {
  const order: readonly Verification[] = ['none', 'size', 'checksum']
  return order.indexOf(verified) < order.indexOf(sourceVerified) ? verified : sourceVerified
}
