/**
 * The file of a download in ranges: the one an earlier process left, as far as the object is the same
 * and its bytes are borne out, or a new one, and why.
 */

import { lstat, rm } from 'node:fs/promises'
import { assert } from '../assert.ts'
import { decodeDigest, sameDigest } from '../checksum/encoding.ts'
import type { ErrorContext } from '../errors.ts'
import { foundFileOf } from '../journal/identities.ts'
import { reconcileDownload, type FoundFile } from '../journal/reconcile-download.ts'
import type { RangeNoted } from '../journal/records.ts'
import type { DownloadState } from '../journal/replay.ts'
import { errnoOf, targetError } from '../local-errors.ts'
import { digestBytes } from './digest-bytes.ts'
import type { DownloadJournal, RangesOfPlan } from './download-journal.ts'
import { PartWindow } from './part-window.ts'
import { TargetFile } from './target-file.ts'
import type { TransferRun } from './transfer-run.ts'

const GONE = 'Its temporary file is gone, or another one.'

/** Checksums of ranges that are in the file, by index. */
export type KeptRanges = ReadonlyMap<number, Uint8Array>

export type TargetOfDownload =
  | {
      readonly kind: 'open'
      readonly target: TargetFile
      readonly plan: RangesOfPlan
      readonly kept: KeptRanges
    }
  /** The file has its name, and all its ranges were proved. */
  | { readonly kind: 'finished'; readonly plan: RangesOfPlan; readonly kept: KeptRanges }

/** Opens the file; nothing is left of it, or of what was before, when this throws. */
export async function openTarget(
  run: TransferRun,
  journal: DownloadJournal,
  plan: RangesOfPlan,
  path: string,
): Promise<TargetOfDownload> {
  const { found } = journal
  const earlier = found && (await takeUp(run, journal, found, path))
  return earlier ?? begin(run, journal, plan, path)
}

/** Removes what an earlier process left of an object that takes one request now. */
export async function dropEarlierDownload(
  run: TransferRun,
  journal: DownloadJournal,
): Promise<void> {
  const { found } = journal
  if (found !== undefined) {
    const { temporary } = found.begin
    const files = { temporary: await fileAt(temporary), target: undefined }
    const decision = reconcileDownload(found, journal.now, files)
    const [reason, remove] =
      decision.action === 'restart'
        ? [decision.reason, decision.remove]
        : ['The object takes one request now.', temporary]
    run.resumes({ reason })
    if (remove !== undefined) await removeFile(remove, run.context)
  }
  await journal.end()
}

async function begin(
  run: TransferRun,
  journal: DownloadJournal,
  plan: RangesOfPlan,
  path: string,
): Promise<TargetOfDownload> {
  let target: TargetFile | undefined
  try {
    const before = async (temporary: string): Promise<void> => journal.begin(plan, temporary)
    target = await TargetFile.create(path, plan.size, run.context, { before })
    await journal.opened(await target.node())
    return { kind: 'open', target, plan, kept: new Map() }
  } catch (error) {
    await target?.discard()
    await journal.end()
    throw error
  }
}

/** `undefined` when it begins anew. */
async function takeUp(
  run: TransferRun,
  journal: DownloadJournal,
  state: DownloadState,
  path: string,
): Promise<TargetOfDownload | undefined> {
  const { begin: was, opened } = state
  const { size } = was.object
  const plan = { kind: 'ranges', size, partSize: was.partSize, parts: was.parts } as const
  const files = { temporary: await fileAt(was.temporary), target: await fileAt(was.path) }
  const decision = reconcileDownload(state, journal.now, files)
  if (decision.action === 'finished') {
    run.resumes({ keptBytes: size })
    return { kind: 'finished', plan, kept: byIndex([...state.ranges.values()], was.partSize) }
  }
  if (decision.action === 'restart' || opened === undefined) {
    const [reason, remove] =
      decision.action === 'restart' ? [decision.reason, decision.remove] : [GONE, undefined]
    run.resumes({ reason })
    if (remove !== undefined) await removeFile(remove, run.context)
    return undefined
  }
  const earlier = { temporary: was.temporary, file: opened.file }
  const target = await TargetFile.reopen(path, earlier, run.context)
  if (target === undefined) {
    run.resumes({ reason: GONE })
    return undefined
  }
  try {
    await target.passCache(run.env.tuning.diskMode, size)
    const kept = decision.recheck
      ? await recheck(run, journal, target, decision.kept)
      : decision.kept
    await journal.continues(state, kept)
    run.resumes({ keptBytes: kept.reduce((sum, range) => sum + range.length, 0) })
    return { kind: 'open', target, plan, kept: byIndex(kept, was.partSize) }
  } catch (error) {
    if (run.isPaused) {
      await target.keep()
      await journal.keep()
    } else {
      await target.discard()
      await journal.end()
    }
    throw error
  }
}

/** Those of the ranges whose bytes on the disk are what they were. */
async function recheck(
  run: TransferRun,
  { now }: DownloadJournal,
  target: TargetFile,
  ranges: readonly RangeNoted[],
): Promise<readonly RangeNoted[]> {
  const good = new Set<RangeNoted>()
  const window = new PartWindow(run, 'GetObject')
  const check = async (range: RangeNoted): Promise<void> => {
    const { start, length, digest } = range
    const found = await digestBytes(run, target.location(start), length, now.algorithm)
    if (sameDigest(found, digestOf({ digest }))) good.add(range)
  }
  try {
    for (const range of ranges) {
      await window.room()
      window.add(check(range))
    }
    await window.drained()
  } catch (error) {
    run.stop(error)
    await window.settled()
    throw run.failure(error)
  }
  return ranges.filter((range) => good.has(range))
}

function byIndex(ranges: readonly RangeNoted[], partSize: number): KeptRanges {
  return new Map(ranges.map((range) => [range.start / partSize, digestOf(range)]))
}

function digestOf({ digest }: Pick<RangeNoted, 'digest'>): Uint8Array {
  const bytes = decodeDigest(digest)
  assert(bytes !== undefined, 'a journal has digests only')
  return bytes
}

async function fileAt(path: string): Promise<FoundFile> {
  try {
    return foundFileOf(await lstat(path, { bigint: true }))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw targetError(error, path)
  }
}

async function removeFile(path: string, context: ErrorContext): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (error) {
    throw targetError(error, path, context)
  }
}
