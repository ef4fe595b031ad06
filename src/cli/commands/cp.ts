/**
 * `transfer-engine cp`: one object, in either direction, as a file or as a stream, or between stores; or with
 * `--recursive` all of a directory or a prefix.
 */

import type { Command } from 'commander'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { isTransferError } from '../../errors.ts'
import type { DownloadOptions, TransferEngine } from '../../index.ts'
import { sourceError, targetError } from '../../local-errors.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { sideFlags, sidesOf } from '../side-flags.ts'
import { CopyReport, type CopySummary } from '../copy-report.ts'
import { routeCopy, type CopyCommand, type CopyRoute } from '../copy-route.ts'
import { EXIT } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { checkMetricsFlags, serveMetrics } from '../metrics-flags.ts'
import { objectFlags, objectOptionsFrom } from '../object-flags.ts'
import { outputFlags, reportStyleOf, stateFlags } from '../output-flags.ts'
import { runTreeCommand } from '../run-tree-command.ts'
import { copyFlags, listFlags, treeFlags } from '../tree-flags.ts'
import { UsageError } from '../usage-error.ts'

const EXAMPLES = `
Source and destination: a path, - for standard input or output, or s3://bucket/key. A destination
that is a directory, or ends in /, takes the object under its own name.

Examples:
  transfer-engine cp data.bin s3://bucket/prefix/
  transfer-engine cp big.tar s3://bucket/big.tar --part-size 64MiB --storage-class STANDARD_IA
  transfer-engine cp s3://bucket/big.tar . --endpoint-url http://127.0.0.1:9000
  transfer-engine cp s3://bucket/log.gz - | zcat
  transfer-engine cp s3://a/key s3://b/ --source-profile old --dest-profile new
  transfer-engine cp --recursive data s3://bucket/data --exclude '*.tmp'
  pg_dump db | transfer-engine cp - s3://bucket/db.sql --metadata host=a,kind=dump`

/** Adds what `cp` takes. */
export function setUpCp(command: Command, done: (exitCode: number) => void): void {
  command
    .description(
      'Copies a file, standard input or an object to s3://bucket/key, a directory to a prefix, or back.',
    )
    .argument('<source>', 'file, - or s3://bucket/key')
    .argument('<destination>', 'file, directory, - or s3://bucket/key')
    .addHelpText('after', EXAMPLES)
  const flags = [...copyFlags(), ...listFlags(), ...treeFlags(), ...objectFlags()]
  const common = [
    ...engineFlags(),
    ...connectionFlags(),
    ...sideFlags(),
    ...stateFlags(),
    ...outputFlags(),
  ]
  for (const option of [...flags, ...common]) command.addOption(option)
  command.action(async (source: string, target: string, values: FlagValues) => {
    const isTree = values['recursive'] === true
    if (!isTree) checkNoTree(values)
    done(
      isTree
        ? await runTreeCommand({ how: 'copy', source, target, values })
        : await runCopy({ source, target, values, command: 'cp' }),
    )
  })
}

/** @throws UsageError for what has a meaning only with many */
export function checkNoTree(values: FlagValues): void {
  const given = [...copyFlags(), ...listFlags(), ...treeFlags()].find(
    (option) => values[option.attributeName()] !== undefined,
  )
  if (given === undefined) return
  const message = `${given.long ?? ''} has a meaning only with --recursive.`
  throw new UsageError('ERR_OPTION_INVALID', message, 'Add --recursive, or leave it out.')
}

/** One object, from the command line to the exit code. */
export async function runCopy(given: {
  readonly source: string
  readonly target: string
  readonly values: FlagValues
  readonly command: CopyCommand
}): Promise<number> {
  const { source, target, values, command } = given
  const { TransferEngine, parseS3Uri } = await import('../../index.ts')
  // What is wrong with the command line is thrown, before there is anything to report about.
  const route = await routeCopy(source, target, parseS3Uri, command)
  const direction = route.kind === 'read' ? 'download' : route.kind
  const move = command === 'mv'
  const removal = move ? { removeSource: true } : {}
  const options = { ...objectOptionsFrom(values, direction), ...removal }
  const engineOptions = { ...engineOptionsOf(values), ...sidesOf(values, route.kind) }
  checkMetricsFlags(values)

  const report = new CopyReport({ ...route, move }, reportStyleOf(values))
  const interruption = new Interruption(() =>
    report.notice('interrupted, cleaning up (once more exits at once)'),
  )
  let engine: TransferEngine | undefined
  try {
    engine = new TransferEngine(engineOptions)
    if (values['dryRun'] === true || values['dryrun'] === true) {
      await checkSource(route)
      report.dryRun()
      return EXIT.done
    }
    const metrics = await serveMetrics(engine, values)
    if (metrics !== undefined) report.metricsAt(metrics)
    report.follow(engine)
    const { signal } = interruption
    const summary = await copy(engine, route, { ...options, signal })
    report.succeeded(summary, engine.stats().pool)
    if (values['stats'] === true) await report.statistics(engine.stats())
    return EXIT.done
  } catch (error) {
    const exitCode = failureExit(error, report, interruption)
    const hasBegun = exitCode !== EXIT.usage
    if (hasBegun && values['stats'] === true && engine) await report.statistics(engine.stats())
    return exitCode
  } finally {
    await engine?.close()
    interruption[Symbol.dispose]()
    // A pipe nobody writes to would keep the process alive.
    if (route.kind === 'upload' && route.source === '-') process.stdin.destroy()
  }
}

function copy(
  engine: TransferEngine,
  route: CopyRoute,
  options: Readonly<Record<string, unknown>>,
): Promise<CopySummary> {
  switch (route.kind) {
    case 'upload':
      return engine.upload(route.open(), route.target, options)
    case 'copy':
      return engine.copy(route.source, route.target, options)
    case 'download':
      return engine.download(route.source, route.target, options)
    case 'read':
      return readTo(engine, route, options)
  }
}

async function readTo(
  engine: TransferEngine,
  route: Extract<CopyRoute, { readonly kind: 'read' }>,
  options: DownloadOptions,
): Promise<CopySummary> {
  let size = 0
  let parts = 0
  let retries = 0
  engine.on('start', (event) => (parts = event.parts ?? 0)).on('retry', () => (retries += 1))
  const startedAt = performance.now()
  const counted = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      size += chunk.length
      yield chunk
    }
  }
  const out = route.open()
  // Standard output stays open: others may still write to it.
  const end = route.target !== '-'
  try {
    await pipeline(engine.read(route.source, options), counted, out, { end })
  } catch (error) {
    throw isTransferError(error) ? error : targetError(error, route.target)
  }
  const elapsedMs = performance.now() - startedAt
  return { size, parts, attempts: parts + retries, elapsedMs }
}

/** What a dry run can find out without a request. */
async function checkSource(route: CopyRoute): Promise<void> {
  if (route.kind !== 'upload' || route.source === '-' || route.size !== undefined) return
  try {
    await stat(route.source)
  } catch (error) {
    throw sourceError(error, route.source)
  }
}
