/**
 * `transfer-engine ls`: the objects below a bucket or prefix, one line each, as the AWS CLI shows them.
 */

import { Option, type Command } from 'commander'
import type { TransferEngine } from '../../index.ts'
import { parseS3Uri } from '../../store/uri.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { EXIT } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { ListReport } from '../list-report.ts'
import { bucketFlags, objectOptionsFrom } from '../object-flags.ts'
import { UsageError } from '../usage-error.ts'

const EXAMPLES = `
Each object has a line with its time, its size in bytes and its name; what is below a / is one line,
PRE name/, unless --recursive. Lines are in the order of the keys' bytes. The prefix is the
beginning of keys: s3://bucket/a shows a1 and a/; end it in / for a directory.

Exit codes: 0 listed to the end, 1 failed, or nothing has that prefix, 2 wrong usage,
130 interrupted.

Examples:
  transfer-engine ls s3://bucket/prefix/
  transfer-engine ls s3://bucket --recursive --summarize --human-readable
  transfer-engine ls s3://bucket --recursive --json`

/** Adds what `ls` takes. */
export function setUpLs(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Lists the objects below a bucket or prefix.')
    .argument('[prefix]', 's3://bucket or s3://bucket/prefix')
    .addHelpText('after', EXAMPLES)
  for (const option of [
    ...ownFlags(),
    ...bucketFlags(),
    ...engineFlags('control'),
    ...connectionFlags(),
  ]) {
    command.addOption(option)
  }
  command.action(async (prefix: string | undefined, values: FlagValues) => {
    if (prefix === undefined) {
      const hint =
        'Name one, s3://bucket or s3://bucket/prefix/; buckets themselves are not listed.'
      throw new UsageError('ERR_USAGE', 'A bucket is missing.', hint)
    }
    done(await runLs(prefix, values))
  })
}

function ownFlags(): Option[] {
  return [
    new Option('--recursive', 'All objects, however deep, with their whole keys'),
    new Option('--summarize', 'Count and size of all at the end').helpGroup('Output:'),
    new Option('--human-readable', 'Sizes as 1.50 MiB').helpGroup('Output:'),
    new Option('--json', 'One JSON event per line').helpGroup('Output:'),
    new Option('--debug', 'Context and stack of errors').helpGroup('Output:'),
  ]
}

async function runLs(uri: string, values: FlagValues): Promise<number> {
  const { TransferEngine } = await import('../../index.ts')
  const engineOptions = engineOptionsOf(values)
  const isRecursive = values['recursive'] === true
  const attributes = objectOptionsFrom(values, 'download')
  const { key: prefix } = parseS3Uri(uri)
  const report = new ListReport({
    json: values['json'] === true,
    debug: values['debug'] === true,
    summarize: values['summarize'] === true,
    humanReadable: values['humanReadable'] === true,
    // A level is shown by its names alone.
    hidden: isRecursive ? 0 : prefix.lastIndexOf('/') + 1,
  })
  const interruption = new Interruption()
  const { signal } = interruption
  let engine: TransferEngine | undefined
  try {
    engine = new TransferEngine(engineOptions)
    for await (const entry of engine.list(uri, { recursive: isRecursive, ...attributes, signal })) {
      // Waiting costs; mostly there is nothing to wait for.
      const written = report.entry(entry, signal)
      if (written !== undefined) await written
    }
    await report.done(signal)
    return report.isEmpty && prefix !== '' ? EXIT.failed : EXIT.done
  } catch (error) {
    const { exitCode } = interruption
    if (exitCode === undefined || exitCode === EXIT.brokenPipe) {
      return failureExit(error, report, interruption)
    }
    report.interrupted()
    return exitCode
  } finally {
    await engine?.close()
    interruption[Symbol.dispose]()
  }
}
