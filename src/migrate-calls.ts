/**
 * Calls about migrations, from what a caller wrote to the driver that does it.
 */

import { drivers } from './environment.ts'
import { toTransferError } from './errors.ts'
import { checkMigrateOptions, type MigrateOptions } from './migrate/options.ts'
import type { MigrationResult } from './migrate/migrate.ts'
import { startQueuedCopies } from './queue-calls.ts'
import type { ReadSample } from './migrate/probe.ts'
import type { ObjectCalls } from './object-calls.ts'
import { validateAttributes } from './store/attributes.ts'
import type { RunningTasks } from './transfer/running-tasks.ts'
import type { TransferEnvironment } from './transfer/transfer-run.ts'
import type { TreeCalls } from './tree-calls.ts'
import { makeTreeTransfer, type TreeTransfer } from './tree/tree-transfer.ts'

/** A migration under way; an abort is an end, and the same call goes on. */
export type Migration = TreeTransfer<MigrationResult>

export interface MigrateHost {
  readonly env: TransferEnvironment
  readonly trees: TreeCalls
  readonly objects: ObjectCalls
  readonly tasks: RunningTasks
  /** Throws once the engine takes no more work. */
  readonly check: () => void
}

export function startMigration(
  { env, trees, objects, tasks, check }: MigrateHost,
  source: string,
  destination: string,
  options: MigrateOptions,
): Migration {
  const cut = new AbortController()
  let copying: TreeTransfer | undefined
  const run = async (): Promise<MigrationResult> => {
    try {
      check()
      const { signal: callers, ...others } = options
      const migration = checkMigrateOptions(others)
      const { tree, queue } = migration
      // What is moved is copied whatever is there: what an earlier run copied may still be at the source.
      const how = tree.removeSource === true ? 'copy' : 'sync'
      const spec = trees.between(source, destination, tree, how)
      trees.checkCopies(tree, spec)
      const signal =
        callers instanceof AbortSignal ? AbortSignal.any([callers, cut.signal]) : cut.signal
      return await tasks.run(signal, async (either) => {
        const { migrate } = await drivers.migrate()
        const { sseCustomerKey, sourceCustomerKey, requestPayer, expectedBucketOwner } = tree
        const attributes = validateAttributes({ sseCustomerKey, requestPayer, expectedBucketOwner })
        const ofSource = { sseCustomerKey: sourceCustomerKey, requestPayer }
        const sourceAttributes = validateAttributes(ofSource)
        const { from, remote: to } = spec
        const { source: reads, store, isOneIdentity } = env
        const sides = { source: reads, store, isOneIdentity, from, to }
        const read: ReadSample = (sample, sampling) =>
          objects.sample({ ...sample, attributes: sourceAttributes }, sampling)
        const { maxTransfers, maxInFlight, maxRequestRate, maxBandwidth } = env.tuning
        const pace = {
          isRelayed: !isOneIdentity || tree.via === 'relay',
          concurrency: Math.min(maxTransfers, maxInFlight),
          maxRequestRate,
          maxBandwidth,
        }
        const looking = { attributes, sourceAttributes, read, pace }
        const host = { ...sides, ...looking, signal: either }
        return migrate(
          {
            ...host,
            copy: (asked, { job, ...way }) => {
              const options = { ...asked, signal: either }
              copying =
                queue === undefined || job === undefined
                  ? trees.copyAs(options, spec, way)
                  : startQueuedCopies({ env, spec, job, source, destination }, queue, options, way)
              return copying
            },
          },
          migration,
        )
      })
    } catch (error) {
      throw toTransferError(error)
    }
  }
  return makeTreeTransfer(run(), {
    progress: () => copying?.progress,
    abort: (reason) => cut.abort(reason),
  })
}
