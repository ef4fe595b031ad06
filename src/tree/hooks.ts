/**
 * What a caller does before and after each object of a tree. A hook that fails, fails that object.
 */

import { platform } from 'node:process'
import { sep } from 'node:path'
import { toTransferError, TransferError } from '../errors.ts'
import type { CopyOptions, DownloadOptions, UploadOptions } from '../transfer-options.ts'
import { ahead } from './ahead.ts'
import { localName } from './key-path.ts'
import type { ObjectOptions } from './object-options.ts'
import type { DoneOutcome, FailedOutcome, Outcome, SkippedOutcome, TreeAction } from './outcome.ts'
import type { CopyTreeSpec, TreeSpec } from './sides.ts'
import type { TreeJob } from './tree-job.ts'

/** Objects whose hooks are at work at once. Source: none; enough for one that asks somebody else. */
const HOOKS_AHEAD = 32

/** What is to be different about one object; what it does not say stays. */
export interface TransferChange
  extends
    Omit<UploadOptions, 'signal' | 'onProgress' | 'size' | 'removeSource'>,
    Pick<DownloadOptions, 'versionId' | 'fsync'>,
    Pick<CopyOptions, 'via' | 'sourceCustomerKey'> {
  /** Leaves it out; a text says why. @default false */
  readonly skip?: boolean | string | undefined
  /** Of an upload: the object's key, behind the same prefix. Not for `sync`. */
  readonly key?: string | undefined
  /** Of a download: the file's path, below the same directory. Not for `sync`. */
  readonly path?: string | undefined
}

export type BeforeTransfer = (
  action: TreeAction,
) => TransferChange | undefined | void | Promise<TransferChange | undefined | void>

export type AfterTransfer = (outcome: DoneOutcome | FailedOutcome) => unknown

export interface HookOptions {
  readonly spec: TreeSpec | CopyTreeSpec
  readonly job: Pick<TreeJob, 'ended'>
  readonly objectOptions: ObjectOptions
  /** Of the options of an object. @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
  readonly checkEach: (options: object) => void
}

/** Actions as the hook wants them, in their order; what it leaves out or fails is told to the job. */
export async function* hookedActions(
  actions: AsyncIterable<TreeAction>,
  hook: BeforeTransfer,
  options: HookOptions,
): AsyncGenerator<TreeAction> {
  const { spec, job } = options
  const wanted = async (action: TreeAction): Promise<Wanted> => {
    if (action.operation === 'delete') return { action, result: action }
    try {
      const change = await callHook('onBeforeTransfer', action, () => hook(action))
      const result = change === undefined ? action : changed(action, change, options)
      return { action, result }
    } catch (error) {
      return { action, result: { ...action, status: 'failed', error: toTransferError(error) } }
    }
  }
  const targets = new Set<string>()
  for await (const each of ahead(actions, HOOKS_AHEAD, wanted)) {
    const result = twinOf(each, targets, spec) ?? each.result
    if ('status' in result) await job.ended(result)
    else yield result
  }
}

/** An action, and what its hook made of it. */
interface Wanted {
  readonly action: TreeAction
  readonly result: TreeAction | FailedOutcome | SkippedOutcome
}

/** What became of an object once the hook has heard of it. Never rejects. */
export async function afterHook(outcome: Outcome, hook: AfterTransfer): Promise<Outcome> {
  const isTold = outcome.status === 'done' || outcome.status === 'failed'
  if (!isTold || outcome.operation === 'delete') return outcome
  try {
    await callHook('onAfterTransfer', outcome, () => hook(outcome))
    return outcome
  } catch (error) {
    // Of two failures the first is told.
    if (outcome.status === 'failed') return outcome
    const { operation, name, key, sourceKey, path, size, reason, move } = outcome
    const action = { operation, name, key, sourceKey, path, size, reason, move }
    return { ...action, status: 'failed', error: toTransferError(error) }
  }
}

async function callHook<T>(name: string, { key }: TreeAction, call: () => T): Promise<Awaited<T>> {
  try {
    return await call()
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    const message = `${name} failed for ${key}: ${what}`
    throw new TransferError('ERR_HOOK_FAILED', message, { key }, { cause: error })
  }
}

/** @throws ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN */
function changed(
  action: TreeAction,
  { skip, key, path, ...rest }: TransferChange,
  { spec, objectOptions, checkEach }: HookOptions,
): TreeAction | SkippedOutcome {
  if (skip === true || (typeof skip === 'string' && skip !== '')) {
    const detail = typeof skip === 'string' ? skip : undefined
    return { status: 'skipped', name: action.name, reason: 'hook', detail }
  }
  if (Object.hasOwn(rest, 'removeSource')) throw invalid('`removeSource` is said of a whole tree')
  checkEach(rest)
  let result = action
  if (key !== undefined) result = { ...result, key: checkedKey(key, spec) }
  if (path !== undefined) result = { ...result, path: checkedPath(path, spec) }
  objectOptions.pass(action, result)
  objectOptions.add(result, rest)
  return result
}

function checkedKey(key: unknown, { direction, how, remote }: TreeSpec | CopyTreeSpec): string {
  if (direction === 'download') throw invalid('`key` is for uploads; a download has a `path`')
  checkMayRename(how)
  const { prefix } = remote
  if (typeof key === 'string' && key.length > prefix.length && key.startsWith(prefix)) return key
  throw invalid(`\`key\` must be a text behind the prefix ${JSON.stringify(prefix)}`)
}

function checkedPath(path: unknown, spec: TreeSpec | CopyTreeSpec): string {
  const { direction, how } = spec
  if (direction !== 'download') throw invalid('`path` is for downloads; an upload has a `key`')
  checkMayRename(how)
  const { local } = spec
  const root = local.root.endsWith(sep) ? local.root : `${local.root}${sep}`
  if (typeof path !== 'string' || !path.startsWith(root)) {
    throw invalid(`\`path\` must be a text that begins with ${root}`)
  }
  const below = path.slice(root.length)
  const name = platform === 'win32' ? below.replaceAll('\\', '/') : below
  const file = localName(name, { platform, encodeNames: false })
  if (file.problem === undefined) return path
  throw invalid(`\`path\` is no safe name below ${root}: ${file.detail}`)
}

/** The next sync would look for it under its own name. */
function checkMayRename(how: TreeSpec['how']): void {
  if (how === 'sync') throw invalid('a sync goes by names and renames nothing')
}

/**
 * Of two that were renamed to one name the first is written; of a move also of two of which one was: both
 * sources would be gone, and one copy there.
 * @param targets all that were renamed to, of a move all there are
 */
function twinOf(
  { action, result }: Wanted,
  targets: Set<string>,
  { direction }: Pick<TreeSpec | CopyTreeSpec, 'direction'>,
): SkippedOutcome | undefined {
  if ('status' in result || result.operation === 'delete') return undefined
  const target = (direction === 'download' ? result.path : result.key) ?? ''
  const isRenamed = result.key !== action.key || result.path !== action.path
  if (targets.has(target)) {
    const detail = `Another one goes to ${target}`
    return { status: 'skipped', name: action.name, reason: 'name-collision', detail }
  }
  if (isRenamed || result.move === true) targets.add(target)
  return undefined
}

function invalid(problem: string): TransferError {
  const message = `What onBeforeTransfer wants is not possible: ${problem}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option: 'onBeforeTransfer' })
}
