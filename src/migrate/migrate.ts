/**
 * A migration: all of a prefix to another place, proved object by object, with a directory that remembers.
 *
 *   lock → rights → fidelity → (list both, or look up each of a list → compare → copy → prove → note) → sums
 */

import { isTransferError, TransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { formatDuration, formatSize } from '../units.ts'
import { beginningOf, type Beginning } from '../tree/beginning.ts'
import { wantedNames, type FilesFrom, type WantedName } from '../tree/name-list.ts'
import type { Outcome } from '../tree/outcome.ts'
import { objectsOf, type StoreSide } from '../tree/sides.ts'
import type { CopyPrefixOptions } from '../tree/tree-options.ts'
import type { TreePlan } from '../tree/plan-sums.ts'
import { TreeJob } from '../tree/tree-job.ts'
import type { TreeResult, TreeTransfer } from '../tree/tree-transfer.ts'
import { versionedEntries } from '../tree/version-entries.ts'
import type { CopyWishes } from './aspects.ts'
import { estimate, workPlanned, type Estimate, type Pace } from './estimate.ts'
import { assessFidelity, type Fidelity, type Probing } from './fidelity.ts'
import { LISTED_MAX, listedNames, listedOf, listedVersions, type Listed } from './listed.ts'
import { MigrationJob, type JobSums } from './job.ts'
import type { CheckedMigration } from './options.ts'
import { PROBE_MS, type ReadSample } from './probe.ts'
import { checkDestination, checkVersioning } from './rights.ts'
import { sideName } from './side-name.ts'

export interface MigrationResult extends TreeResult {
  readonly fidelity: Fidelity
  /** How long it may take: of a dry run by its plan, else by what was listed. */
  readonly estimate: Estimate | undefined
  /** Over all runs of the job; `undefined` of a dry run. */
  readonly job: JobSums | undefined
  /** Whether it ended at `maxDurationMs` or `maxBytes`: the same call goes on. */
  readonly isCutShort: boolean
  /** Grants to users that copies of this run do not have, with `carry: ['acl']`. */
  readonly grantsLost: number
}

/** What a migration stands on. */
export interface MigrationHost {
  readonly source: ObjectStore
  readonly store: ObjectStore
  readonly from: StoreSide
  readonly to: StoreSide
  /** Whether one store can copy by itself. */
  readonly isOneIdentity: boolean
  /** Of requests that only look, here and at the source. */
  readonly attributes: RequestAttributes
  readonly sourceAttributes: RequestAttributes
  readonly signal: AbortSignal
  /** Reads from objects of the source, and how the engine goes about copies. */
  readonly read: ReadSample
  readonly pace: Pace
  /** Copies what is to be copied. */
  readonly copy: (options: CopyPrefixOptions, how: CopyHow) => TreeTransfer
}

export interface CopyHow {
  readonly overwrite: CheckedMigration['overwrite']
  readonly checksum: boolean
  /** With `always`: copies that are no older are from an earlier run. Epoch milliseconds, our clock. */
  readonly startedAt: number
  /** Why nothing more is to be begun. */
  readonly until: () => TransferError | undefined
  /** Of a list that is read already. */
  readonly names: AsyncIterable<WantedName> | undefined
  readonly allVersions: boolean
  /** Where it is written down; `undefined` of a dry run. */
  readonly job: Pick<MigrationJob, 'directory' | 'written' | 'notedBehind'> | undefined
}

/** How long the first of a list are waited for. Source: none; who writes it may be slow. */
const LIST_PATIENCE_MS = 5_000

/** @throws what is wrong with the whole; ERR_TOO_MANY_FAILURES, ERR_ABORTED */
export async function migrate(
  host: MigrationHost,
  migration: CheckedMigration,
): Promise<MigrationResult> {
  const { source, store, from, to, signal, attributes } = host
  const { tree, onFidelity, jobDirectory, overwrite, checksum, allVersions } = migration
  if (allVersions) await checkVersioning(store, to, signal)
  const { filesFrom } = tree
  const list = filesFrom === undefined ? undefined : await listOf(host, filesFrom)
  try {
    const fidelity = await fidelityOf(host, migration, list)
    await onFidelity?.(fidelity)
    const way = { overwrite, checksum, allVersions, names: list?.whole }
    if (tree.dryRun === true) {
      const how = { ...way, startedAt: Date.now(), until: () => undefined, job: undefined }
      const planned = await host.copy(tree, how)
      const time = estimatePlanned(fidelity, planned.plan, host.pace)
      const none = { job: undefined, isCutShort: false, grantsLost: 0 }
      return { ...planned, ...none, fidelity, estimate: time }
    }
    await checkDestination(store, to, attributes, signal)
    const job = await MigrationJob.open(jobDirectory, {
      from: await sideName(source, from, signal),
      to: await sideName(store, to, signal),
      overwrite,
      allVersions: allVersions ? true : undefined,
    })
    return await runJob(host, job, migration, { fidelity, ...way })
  } finally {
    list?.close()
  }
}

/** Its beginning, which the look at what copies carry is taken from, is not lost to the copies. */
function listOf(
  { from, to, signal }: MigrationHost,
  filesFrom: FilesFrom,
): Promise<Beginning<WantedName>> {
  const names = wantedNames(filesFrom, { direction: 'copy', remote: to, listed: from }, signal)
  return beginningOf(names, LISTED_MAX, LIST_PATIENCE_MS)
}

/** Who names the objects need not be allowed to list them. */
function fidelityOf(
  host: MigrationHost,
  { tree, allVersions, probe }: CheckedMigration,
  names: Beginning<WantedName> | undefined,
): Promise<Fidelity> {
  const { source, store: destination, from, sourceAttributes: attributes, signal } = host
  const list = async (): Promise<Listed> => {
    const side = { job: new TreeJob(signal, SILENT), isSource: false }
    if (allVersions) return listedVersions(versionedEntries(source, from, side))
    return names === undefined
      ? listedOf(objectsOf(source, from, side))
      : listedNames(names, from.prefix)
  }
  return assessFidelity({
    ...host,
    destination,
    list,
    action: allVersions ? ALL_VERSIONS : names === undefined ? LISTED : 's3:GetObject',
    attributes,
    each: tree as CopyWishes,
    probing: probe ? probingOf(host) : undefined,
  })
}

const LISTED = 's3:ListBucket or s3:GetObject'
const ALL_VERSIONS = 's3:ListBucketVersions or s3:GetObjectVersion'

async function runJob(
  host: MigrationHost,
  job: MigrationJob,
  { tree, maxBytes, maxDurationMs }: CheckedMigration,
  {
    fidelity,
    ...way
  }: Omit<CopyHow, 'startedAt' | 'until' | 'job'> & { readonly fidelity: Fidelity },
): Promise<MigrationResult> {
  let report: object | undefined
  try {
    const endsAt = performance.now() + maxDurationMs
    let [bytes, grantsLost] = [0, 0]
    const until = (): TransferError | undefined => {
      if (performance.now() >= endsAt) return limitReached(formatDuration(maxDurationMs))
      return bytes >= maxBytes ? limitReached(formatSize(maxBytes)) : undefined
    }
    const onOutcome = async (outcome: Outcome): Promise<void> => {
      if (outcome.status === 'done') {
        bytes += outcome.size
        grantsLost += outcome.grantsLost ?? 0
      }
      await job.note(outcome, host.to.bucket)
      await tree.onOutcome?.(outcome)
    }
    const how = { ...way, startedAt: job.startedAt, until, job }
    const copied = host.copy({ ...tree, onOutcome }, how)
    const { result, isCutShort } = await ended(copied)
    const told = { fidelity, estimate: fidelity.estimate, isCutShort, grantsLost }
    const summed = { ...result, ...told, job: job.sums }
    const { failures: _, plan: __, ...sums } = summed
    report = { ...sums, seen: copied.progress.seen, endedAt: Date.now() }
    return summed
  } finally {
    await job.close(report)
  }
}

function probingOf({ read, pace, signal }: MigrationHost): Probing {
  return {
    pace,
    read: pace.isRelayed ? read : undefined,
    deadline: () => AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
    now: () => performance.now(),
  }
}

function estimatePlanned(
  { estimate: before }: Fidelity,
  plan: TreePlan | undefined,
  pace: Pace,
): Estimate | undefined {
  if (before === undefined || plan === undefined) return before
  return estimate(workPlanned(plan), pace, before.probe)
}

/** One that was cut short has a result as well. */
async function ended(
  copied: TreeTransfer,
): Promise<{ readonly result: TreeResult; readonly isCutShort: boolean }> {
  const startedAt = performance.now()
  try {
    return { result: await copied, isCutShort: false }
  } catch (error) {
    if (!isTransferError(error) || error.code !== 'ERR_LIMIT_REACHED') throw error
    const { seen: _, bytesKnown: __, known: ___, isKnown: ____, ...counts } = copied.progress
    const elapsedMs = performance.now() - startedAt
    return { result: { ...counts, elapsedMs, failures: [], plan: undefined }, isCutShort: true }
  }
}

function limitReached(limit: string): TransferError {
  return new TransferError('ERR_LIMIT_REACHED', `It ended after ${limit}, as it was told to`)
}

const SILENT = { maxErrors: 0, onOutcome: undefined, onProgress: undefined }
