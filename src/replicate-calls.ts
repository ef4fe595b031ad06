/**
 * Calls about replications, from what a caller wrote to the driver that does it.
 */

import { drivers } from './environment.ts'
import { toTransferError, TransferError } from './errors.ts'
import type { MigrateHost } from './migrate-calls.ts'
import { Lag, type Lags } from './replicate/lag.ts'
import type { ReplicationPass, ReplicationResult } from './replicate/replicate.ts'
import { makeTreeTransfer, type TreeProgress, type TreeTransfer } from './tree/tree-transfer.ts'
import type { CopyPrefixOptions, SyncOptions } from './tree/tree-options.ts'

export interface ReplicateOptions
  extends
    Omit<CopyPrefixOptions, 'dryRun' | 'filesFrom' | 'rename'>,
    Pick<SyncOptions, 'delete' | 'maxDelete' | 'sizeOnly' | 'checksum'> {
  /** From the begin of a pass to that of the next; a longer one is followed at once. @default 60 s */
  readonly intervalMs?: number | undefined
  /** Hears how each pass ended, and is waited for. What it throws ends the replication. */
  readonly onPass?: ((pass: ReplicationPass) => unknown) | undefined
}

/** A replication under way. */
export interface Replication extends TreeTransfer<ReplicationResult> {
  /** Lets the pass under way end, and begins no other; resolves when it has. */
  stop(): Promise<void>
}

export interface ReplicateHost extends Pick<MigrateHost, 'trees' | 'tasks' | 'check'> {
  readonly lags: Lags
  /** Stops all when the engine is closed. */
  readonly closing: AbortSignal
}

/** Source: none, reasonable default. */
const INTERVAL_MS = 60_000

export function startReplication(
  { trees, tasks, check, lags, closing }: ReplicateHost,
  source: string,
  destination: string,
  options: ReplicateOptions,
): Replication {
  const [cut, stop] = [new AbortController(), new AbortController()]
  let pass: { readonly progress: TreeProgress } | undefined
  const run = async (): Promise<ReplicationResult> => {
    try {
      check()
      const { intervalMs = INTERVAL_MS, onPass, signal: callers, ...tree } = options
      checkOwn(intervalMs, onPass)
      if ((tree as CopyPrefixOptions).filesFrom !== undefined) {
        throw invalid('filesFrom', 'left out: a list is the same in every pass')
      }
      const spec = trees.between(source, destination, tree, 'sync')
      trees.checkCopies(tree, spec)
      const signal =
        callers instanceof AbortSignal ? AbortSignal.any([callers, cut.signal]) : cut.signal
      const lag = new Lag()
      const leave = lags.add(lag)
      try {
        return await tasks.run(signal, async (either) => {
          const { replicate } = await drivers.replicate()
          return replicate({
            sync: (passing) => trees.sync(source, destination, { ...tree, signal: passing }),
            intervalMs,
            onPass,
            lag,
            signal: either,
            stopping: AbortSignal.any([either, stop.signal, closing]),
            onBegin: (begun) => {
              pass = begun
            },
          })
        })
      } finally {
        leave()
      }
    } catch (error) {
      throw toTransferError(error)
    }
  }
  const promise = run()
  const controls = {
    progress: () => pass?.progress,
    abort: (reason: unknown) => cut.abort(reason),
  }
  return Object.defineProperty(makeTreeTransfer(promise, controls), 'stop', {
    value: async () => {
      stop.abort()
      await promise.catch(() => undefined)
    },
  }) as Replication
}

/** @throws ERR_OPTION_INVALID */
function checkOwn(intervalMs: unknown, onPass: unknown): void {
  if (typeof intervalMs !== 'number' || !(intervalMs >= 0) || !Number.isFinite(intervalMs)) {
    throw invalid('intervalMs', 'a time in milliseconds')
  }
  if (onPass !== undefined && typeof onPass !== 'function') throw invalid('onPass', 'a function')
}

function invalid(option: string, expected: string): TransferError {
  const message = `Expected \`${option}\` to be ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
