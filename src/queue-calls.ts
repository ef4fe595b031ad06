/**
 * Calls about queues, from what a caller wrote to the drivers on both sides: who gives a job to a queue, and
 * who works at it.
 */

import { drivers } from './environment.ts'
import { toTransferError } from './errors.ts'
import type { CopyHow } from './migrate/migrate.ts'
import type { JobRecord } from './queue/job-record.ts'
import { checkWorkOptions, type CheckedQueue, type WorkOptions } from './queue/options.ts'
import type { WorkResult } from './queue/work.ts'
import type { RunningTasks } from './transfer/running-tasks.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'
import type { TreeCalls } from './tree-calls.ts'
import type { CopyTreeSpec } from './tree/sides.ts'
import { TreeJob } from './tree/tree-job.ts'
import type { CopyPrefixOptions } from './tree/tree-options.ts'
import { makeTreeTransfer, type TreeTransfer } from './tree/tree-transfer.ts'

type Environment = Pick<TransferEnvironment, 'source' | 'store' | 'limits' | 'resume'>

export interface QueuedCopies {
  readonly env: Environment
  readonly spec: CopyTreeSpec
  readonly job: NonNullable<CopyHow['job']>
  readonly source: string
  readonly destination: string
}

/** Copies that others make: told, counted and limited here as if they were made here. */
export function startQueuedCopies(
  { env, spec, job: notes, source, destination }: QueuedCopies,
  queue: CheckedQueue,
  options: CopyPrefixOptions & { readonly signal: AbortSignal },
  { overwrite, checksum, startedAt, until }: Omit<CopyHow, 'job'>,
): TreeTransfer {
  const { maxErrors = 0, onOutcome, onProgress, signal: callers } = options
  const cut = new AbortController()
  const signal = AbortSignal.any([callers, cut.signal])
  const job = new TreeJob(signal, { maxErrors, onOutcome, onProgress, until })
  const run = async () => {
    try {
      const { runQueuedCopies } = await drivers.queuedCopies()
      const { maxBandwidth, maxRequestRate } = env.limits
      const host = {
        source: env.source,
        store: env.store,
        spec,
        uris: { source, destination },
        limits: { maxBandwidth, maxRequestRate },
        notes,
        job,
      }
      await runQueuedCopies(host, queue, options, { overwrite, checksum, startedAt })
      return job.result(undefined)
    } catch (error) {
      throw job.failure(error)
    }
  }
  return makeTreeTransfer(run(), {
    progress: () => job.progress,
    abort: (reason) => cut.abort(reason),
  })
}

/** Work at a queue. */
export interface QueueWork extends Promise<WorkResult> {
  /** Gives back what is under way, to be gone on with anywhere; resolves when that is done. */
  stop(): Promise<void>
}

export interface QueueWorkHost {
  readonly env: Environment
  readonly trees: TreeCalls
  readonly tasks: RunningTasks
  /** Throws once the engine takes no more work. */
  readonly check: () => void
  /** Stops it when the engine is closed. */
  readonly closing: AbortSignal
}

export function startQueueWork(
  { env, trees, tasks, check, closing }: QueueWorkHost,
  { signal: callers, ...options }: WorkOptions,
): QueueWork {
  const stop = new AbortController()
  const run = async (): Promise<WorkResult> => {
    try {
      check()
      const checked = checkWorkOptions(options)
      const signal = callers === undefined ? stop.signal : AbortSignal.any([callers, stop.signal])
      return await tasks.run(AbortSignal.any([signal, closing]), async (either) => {
        const { work } = await drivers.work()
        const { resume, limits } = env
        const { maxBandwidth, maxRequestRate } = limits
        return work(
          {
            copy: (record, asked, how) => trees.copyAs(asked, specOf(trees, record), how),
            stores: { source: env.source, store: env.store },
            specOf: (record) => specOf(trees, record),
            stateDirectory: resume.stateDirectory,
            onJournal: (name) => resume.earlier.add(name),
            limits: { own: { maxBandwidth, maxRequestRate }, set: (share) => limits.set(share) },
            signal: either,
          },
          checked,
        )
      })
    } catch (error) {
      throw toTransferError(error)
    }
  }
  const promise = run()
  const nothing = (): void => undefined
  return Object.defineProperty(
    promise.then((result) => result),
    'stop',
    {
      value: (): Promise<void> => {
        stop.abort()
        return promise.then(nothing, nothing)
      },
    },
  ) as QueueWork
}

function specOf(trees: TreeCalls, { source, destination, options }: JobRecord): CopyTreeSpec {
  const how = options.removeSource === true ? 'copy' : 'sync'
  return trees.between(source, destination, options, how)
}
