/**
 * `cp --recursive`, `mv --recursive` and `sync`: one tree, from the command line to the exit code.
 */

import type {
  Fidelity,
  MigrateOptions,
  Outcome,
  TransferEngine,
  TreeProgress,
  TreeTransfer,
} from '../index.ts'
import { engineOptionsOf } from './connection-flags.ts'
import { EXIT } from './exit-codes.ts'
import { failureExit } from './failure-exit.ts'
import type { FlagValues } from './flags.ts'
import { Interruption } from './interrupt.ts'
import { checkMetricsFlags, serveMetrics } from './metrics-flags.ts'
import { objectOptionsFrom, type Direction } from './object-flags.ts'
import { reportStyleOf } from './output-flags.ts'
import { queueOptionsFrom } from './queue-flags.ts'
import { isFailure } from '../tree/entries.ts'
import { costOf, readPrices, type Prices } from './prices.ts'
import { ReportFile } from './report-file.ts'
import { sidesOf } from './side-flags.ts'
import { treeOptionsFrom } from './tree-flags.ts'
import { openTreePage, type TreePage } from './tree-page.ts'
import { TreeReport } from './tree-report.ts'
import { UsageError } from './usage-error.ts'

export interface TreeCommand {
  readonly how: 'copy' | 'sync' | 'migrate'
  /** Of a migration alone. */
  readonly more?: object | undefined
  readonly source: string
  readonly target: string
  readonly values: FlagValues
  /** Whether sources are removed. @default false */
  readonly move?: boolean
}

/** @throws UsageError before anything was begun */
export async function runTreeCommand(command: TreeCommand): Promise<number> {
  const { TransferEngine, parseS3Uri } = await import('../index.ts')
  const { source, target, values, move = false } = command
  const direction = directionOf(source, target, command.how)
  const { bucket } = parseS3Uri(direction === 'download' ? source : target)
  const options = {
    ...objectOptionsFrom(values, direction),
    ...treeOptionsFrom(values),
    ...(move ? { removeSource: true } : {}),
    ...command.more,
    dryRun: values['dryRun'] === true || values['dryrun'] === true,
  }
  const engineOptions = { ...engineOptionsOf(values), ...sidesOf(values, direction) }
  const prices = pricesFrom(values, options.dryRun)
  checkMetricsFlags(values)
  const interruption = new Interruption(() =>
    report.notice('interrupted, cleaning up (once more exits at once)'),
  )
  const { signal } = interruption
  const report = new TreeReport(bucket, `${source} to ${target}`, reportStyleOf(values), signal)
  let engine: TransferEngine | undefined
  let file: ReportFile | undefined
  let page: TreePage | undefined
  let isWhole = true
  try {
    const made = new TransferEngine(engineOptions)
    engine = made
    report.watch(() => made.stats())
    const name = command.how === 'copy' ? `${move ? 'mv' : 'cp'} --recursive` : command.how
    page = await openTreePage({ command: name, source, target }, values)
    const path = values['report']
    if (typeof path === 'string') file = new ReportFile(path, bucket, signal)
    const metrics = await serveMetrics(made, values)
    if (metrics !== undefined) report.notice(`metrics at ${metrics}`)
    const tree = start(made, command, direction, {
      ...options,
      signal,
      onOutcome: (outcome: Outcome) => {
        if (outcome.status === 'skipped' && isFailure(outcome.reason)) isWhole = false
        page?.add(outcome)
        const [shown, written] = [report.outcome(outcome), file?.add(outcome)]
        return shown === undefined ? written : shown.then(() => written)
      },
      onProgress: (progress: TreeProgress) => report.progress(progress),
      ...(command.how === 'migrate'
        ? {
            onFidelity: (fidelity: Fidelity) => report.fidelity(fidelity, options.dryRun),
            queue: queueOptionsFrom(values, ({ message, code }) => report.notice(message, code)),
          }
        : {}),
    })
    page?.watch(tree, made)
    const result = await tree
    await file?.close()
    file = undefined
    await page?.close()
    const { plan } = result
    report.done(result, plan && prices && costOf(plan, prices))
    if (values['stats'] === true) await report.statistics(made.stats())
    if (!isWhole || result.failed > 0) return EXIT.failed
    if ('grantsLost' in result && Number(result.grantsLost) > 0) {
      report.notice(`${String(result.grantsLost)} grants to users were not taken over`)
    }
    const isCutShort = 'isCutShort' in result && result.isCutShort === true
    if (isCutShort) report.notice('it ended at its limit; the same command goes on')
    return isCutShort ? EXIT.unfinished : EXIT.done
  } catch (error) {
    page?.failed(error)
    const exitCode = failureExit(error, report, interruption)
    const hasBegun = exitCode !== EXIT.usage
    if (hasBegun && values['stats'] === true && engine) await report.statistics(engine.stats())
    return exitCode
  } finally {
    await engine?.close()
    // What became of things is told also when the whole was ended early.
    await file?.close().catch((error: unknown) => report.failed(error))
    await page?.close().catch((error: unknown) => report.failed(error))
    interruption[Symbol.dispose]()
    // A pipe nobody writes to would keep the process alive.
    if (values['filesFrom'] === '-') process.stdin.destroy()
  }
}

/** @throws UsageError for prices of what will not be planned */
function pricesFrom({ prices }: FlagValues, dryRun: boolean): Prices | undefined {
  if (typeof prices !== 'string') return undefined
  if (dryRun) return readPrices(prices)
  const message = '--prices has a meaning only with --dry-run.'
  throw new UsageError('ERR_OPTION_INVALID', message, 'Add --dry-run, or leave it out.')
}

function start(
  engine: TransferEngine,
  { how, source, target }: TreeCommand,
  direction: Direction,
  options: object,
): TreeTransfer {
  if (how === 'migrate') return engine.migrate(source, target, options as MigrateOptions)
  if (how === 'sync') return engine.sync(source, target, options)
  if (direction === 'copy') return engine.copyPrefix(source, target, options)
  return direction === 'upload'
    ? engine.uploadDirectory(source, target, options)
    : engine.downloadDirectory(source, target, options)
}

function directionOf(source: string, target: string, how: TreeCommand['how']): Direction {
  const [isFrom, isTo] = [source, target].map((side) => side.startsWith('s3://'))
  if (isFrom && isTo) return 'copy'
  if (how === 'migrate') {
    const message = 'A migration goes from s3://bucket/prefix to s3://bucket/prefix.'
    throw new UsageError('ERR_USAGE', message, 'For files use sync, or cp --recursive.')
  }
  if (isFrom === isTo) {
    const message = 'One of source and destination must be s3://bucket/prefix.'
    throw new UsageError('ERR_USAGE', message, 'Give a directory and s3://bucket/prefix.')
  }
  return isTo === true ? 'upload' : 'download'
}
