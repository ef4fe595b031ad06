/**
 * `transfer-engine cleanup`: removes multipart uploads that nobody works on any more. It shows what
 * it would do until it is told `--yes`.
 */

import { Option, type Command } from 'commander'
import type { TransferEngine } from '../../index.ts'
import { CLEANUP_OPTIONS } from '../../transfer/clean-up-options.ts'
import { CleanupReport } from '../cleanup-report.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { EXIT } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, parseFlag, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { reportStyleOf } from '../output-flags.ts'

const EXAMPLES = `
Uploads are ours if an engine of this user noted them on this machine (--state-dir) and died, or
could not remove them. --any takes all that the bucket lists, those of other tools too. Either way
only those to which nothing has happened for --older-than: not begun, and no part arrived.
The prefix is the beginning of keys: s3://bucket/a takes a1 and a/b; end it in / for a directory.

Without --yes it says what it would abort. Exit codes: 0 nothing is in the way, 1 something could
not be removed, 2 wrong usage, 130 interrupted.

Examples:
  transfer-engine cleanup s3://bucket/prefix/ --older-than 1d
  transfer-engine cleanup s3://bucket/prefix/ --older-than 1d --yes
  transfer-engine cleanup s3://bucket --any --older-than 7d --json`

/** Adds what `cleanup` takes. */
export function setUpCleanup(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Aborts multipart uploads that were left behind below a bucket or prefix.')
    .argument('<prefix>', 's3://bucket or s3://bucket/prefix')
    .addHelpText('after', EXAMPLES)
  for (const option of [...ownFlags(), ...engineFlags('control'), ...connectionFlags()]) {
    command.addOption(option)
  }
  command.action(async (prefix: string, values: FlagValues) => {
    done(await runCleanup(prefix, values))
  })
}

function ownFlags(): Option[] {
  const { olderThanMs, any } = CLEANUP_OPTIONS
  return [
    new Option('--older-than <time>', `${olderThanMs.doc} (default: 1d)`).argParser((text) =>
      parseFlag(olderThanMs.flag, olderThanMs, text),
    ),
    new Option('--any', any.doc),
    new Option('--yes', 'Abort them; without it they are only shown'),
    new Option('--dry-run', 'Only show them, even with --yes'),
    new Option('--dryrun', 'The same').hideHelp(),
    new Option('--json', 'One JSON event per line').helpGroup('Output:'),
    new Option('--quiet', 'Only errors').helpGroup('Output:'),
    new Option('--debug', 'Context and stack of errors').helpGroup('Output:'),
  ]
}

async function runCleanup(prefix: string, values: FlagValues): Promise<number> {
  const { TransferEngine } = await import('../../index.ts')
  const engineOptions = engineOptionsOf(values)
  const report = new CleanupReport(reportStyleOf(values))
  const isShown = values['yes'] !== true
  const dryRun = isShown || values['dryRun'] === true || values['dryrun'] === true
  const interruption = new Interruption()
  let engine: TransferEngine | undefined
  try {
    engine = new TransferEngine(engineOptions)
    const result = await engine.cleanup(prefix, {
      olderThanMs: values['olderThan'] as number | undefined,
      any: values['any'] === true,
      dryRun,
      signal: interruption.signal,
      onUpload: (upload) => report.upload(upload),
    })
    report.done(result, isShown ? '; --yes aborts them' : '')
    return result.uploads.some(({ outcome }) => outcome === 'failed') ? EXIT.failed : EXIT.done
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
