/**
 * `transfer-engine replicate`: keeps a prefix in step with another, pass after pass.
 */

import { Option, type Command } from 'commander'
import type { ReplicationPass, TransferEngine } from '../../index.ts'
import { parseDuration } from '../../units.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { EXIT } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, invalidFlag, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { checkMetricsFlags, serveMetrics } from '../metrics-flags.ts'
import { objectFlags, objectOptionsFrom } from '../object-flags.ts'
import { outputFlags, reportStyleOf, stateFlags } from '../output-flags.ts'
import { ReplicationReport } from '../replication-report.ts'
import { sideFlags, sidesOf } from '../side-flags.ts'
import { syncFlags, treeFlags, treeOptionsFrom } from '../tree-flags.ts'

const EXAMPLES = `
A first full pass, and then another each time the interval is over, until it is interrupted: the first Ctrl-C
lets the pass under way end, the second cuts it. Each pass is a sync: what is missing, newer or of another
size is copied, and with --delete what only the destination has is removed. A pass that fails for what may be
over soon is told, and followed by the next. Its lag is in the metrics (--metrics-port).

Examples:
  transfer-engine replicate s3://a/data s3://b/data --watch 5m --delete --max-delete 100
  transfer-engine replicate s3://a/data s3://b/data --once`

const NOT_OURS: readonly string[] = [
  '--follow-symlinks',
  '--preserve',
  '--fsync',
  '--exact-timestamps',
  '--prices',
  '--report',
  '--manifest',
  '--stats',
  '--html',
  '--version-id',
  '--if-match',
  '--dry-run',
  '--dryrun',
]

/** Adds what `replicate` takes. */
export function setUpReplicate(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Keeps a prefix in step with another, pass after pass.')
    .argument('<source>', 's3://bucket/prefix')
    .argument('<destination>', 's3://bucket/prefix')
    .addHelpText('after', EXAMPLES)
  const watch = new Option('--watch <time>', 'From the begin of a pass to the next (default: 60s)')
  watch.argParser((text) => {
    const value = parseDuration(text)
    if (value !== undefined) return value
    throw invalidFlag('--watch', 'a time, like 5m', text)
  })
  const once = new Option('--once', 'One pass, and no other')
  const flags = [...treeFlags(), ...syncFlags(), ...objectFlags(), ...outputFlags()]
  const common = [...engineFlags(), ...connectionFlags(), ...sideFlags(), ...stateFlags()]
  const ours = flags.filter(({ long }) => !NOT_OURS.includes(long ?? ''))
  for (const option of [watch, once, ...ours, ...common]) command.addOption(option)
  command.action(async (source: string, target: string, values: FlagValues) => {
    done(await runReplicate(source, target, values))
  })
}

async function runReplicate(source: string, target: string, values: FlagValues): Promise<number> {
  const { TransferEngine } = await import('../../index.ts')
  const options = { ...objectOptionsFrom(values, 'copy'), ...treeOptionsFrom(values) }
  const engineOptions = { ...engineOptionsOf(values), ...sidesOf(values, 'copy') }
  checkMetricsFlags(values)
  const report = new ReplicationReport(reportStyleOf(values))
  const interruption = new Interruption(() =>
    report.notice('the pass under way ends (once more exits at once)'),
  )
  let engine: TransferEngine | undefined
  try {
    const made = new TransferEngine(engineOptions)
    engine = made
    const metrics = await serveMetrics(made, values)
    if (metrics !== undefined) report.notice(`metrics at ${metrics}`)
    const { watch: intervalMs, once } = values
    const replication = made.replicate(source, target, {
      ...options,
      ...(typeof intervalMs === 'number' ? { intervalMs } : {}),
      onPass: (pass: ReplicationPass) => {
        report.pass(pass)
        if (once === true) void replication.stop()
      },
    })
    interruption.signal.addEventListener('abort', () => void replication.stop(), { once: true })
    const result = await replication
    return interruption.exitCode ?? (result.failedPasses > 0 ? EXIT.failed : EXIT.done)
  } catch (error) {
    return failureExit(error, report, interruption)
  } finally {
    await engine?.close()
    interruption[Symbol.dispose]()
  }
}
