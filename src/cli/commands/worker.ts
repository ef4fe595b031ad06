/**
 * `transfer-engine worker`: does what migrations give to a queue.
 */

import type { Command } from 'commander'
import type { QueueNotice, TransferEngine, WorkOptions } from '../../index.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { EXIT } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { checkMetricsFlags, serveMetrics } from '../metrics-flags.ts'
import { outputFlags, reportStyleOf, stateFlags } from '../output-flags.ts'
import { queueOptionsFrom, workFlags } from '../queue-flags.ts'
import { sideFlags, sidesOf } from '../side-flags.ts'
import { UsageError } from '../usage-error.ts'
import { WorkReport } from '../work-report.ts'

const EXAMPLES = `
Does shards of the migrations that "transfer-engine migrate --queue" gives to the same queue, until it is
interrupted: what is under way is given back then, and gone on with by another, within large objects too.
Credentials are those of this machine; none is ever in Redis. A worker whose endpoints are not those of a job
leaves it to others. As many workers as there are keep the limits of a job together.

Examples:
  transfer-engine worker --queue redis://queue.internal:6379 --source-profile old
  transfer-engine worker --queue rediss://queue.internal --shards 4 --idle 10min`

const NOT_OURS: readonly string[] = ['--dry-run', '--dryrun', '--stats', '--no-resume']

/** Adds what `worker` takes. */
export function setUpWorker(command: Command, done: (exitCode: number) => void): void {
  command.description('Does what migrations give to a queue.').addHelpText('after', EXAMPLES)
  const flags = [...workFlags(), ...engineFlags(), ...connectionFlags(), ...sideFlags()]
  const common = [...stateFlags(), ...outputFlags()]
  for (const option of [...flags, ...common]) {
    if (!NOT_OURS.includes(option.long ?? '')) command.addOption(option)
  }
  command.action(async (values: FlagValues) => done(await runWorker(values)))
}

async function runWorker(values: FlagValues): Promise<number> {
  const { TransferEngine } = await import('../../index.ts')
  const report = new WorkReport(reportStyleOf(values))
  const onNotice = (notice: QueueNotice): void => report.notice(notice)
  const options = queueOptionsFrom(values, onNotice) as WorkOptions | undefined
  if (options === undefined) {
    const message = 'Which queue is to be worked at?'
    throw new UsageError('ERR_USAGE', message, 'Give --queue redis://host:port.')
  }
  const engineOptions = { ...engineOptionsOf(values), ...sidesOf(values, 'copy') }
  checkMetricsFlags(values)
  const interruption = new Interruption(() => report.says('shards under way are given back'))
  let engine: TransferEngine | undefined
  try {
    const made = new TransferEngine(engineOptions)
    engine = made
    const metrics = await serveMetrics(made, values)
    if (metrics !== undefined) report.says(`metrics at ${metrics}`)
    report.done(await made.serveQueue({ ...options, signal: interruption.signal }))
    return interruption.exitCode ?? EXIT.done
  } catch (error) {
    return failureExit(error, report, interruption)
  } finally {
    await engine?.close()
    interruption[Symbol.dispose]()
  }
}
