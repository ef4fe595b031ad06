/**
 * `transfer-engine verify`: a manifest against what is there now.
 */

import { Option, type Command } from 'commander'
import type { TransferEngine } from '../../index.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { EXIT } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { bucketFlags, customerKeyFlag, objectOptionsFrom } from '../object-flags.ts'
import { reportStyleOf } from '../output-flags.ts'
import { UsageError } from '../usage-error.ts'
import { VerifyReport } from '../verify-report.ts'

const EXAMPLES = `
The manifest is a file that --manifest of cp --recursive or sync wrote; the place is where its objects are to
be, which need not be where they were. Objects are looked at by a HEAD each: size, stored checksum, and where
they were, version and ETag. Files are looked at by size and time. With --deep all are read, and their bytes
compared. What differs is printed, a line each; what agrees is counted.

Exit codes: 0 all agree, 1 something differs or could not be looked at, or the manifest is not complete,
2 wrong usage, 130 interrupted.

Examples:
  transfer-engine sync data s3://bucket/data --manifest data.ndjson.gz
  transfer-engine verify s3://bucket/data --manifest data.ndjson.gz
  transfer-engine verify s3://bucket/data --manifest data.ndjson.gz --deep --extra
  transfer-engine verify restored/data --manifest data.ndjson.gz --deep --json`

/** Adds what `verify` takes. */
export function setUpVerify(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Looks whether what a manifest says is there, in a bucket or a directory.')
    .argument('<place>', 's3://bucket/prefix or a directory')
    .addHelpText('after', EXAMPLES)
  const object = [...bucketFlags(), customerKeyFlag()]
  for (const option of [...ownFlags(), ...object, ...engineFlags(), ...connectionFlags()]) {
    command.addOption(option)
  }
  command.action(async (place: string, values: FlagValues) => {
    const { manifest } = values
    if (typeof manifest !== 'string' || manifest === '') {
      const hint = 'Name the file that --manifest of cp --recursive or sync wrote.'
      throw new UsageError('ERR_USAGE', '--manifest is missing.', hint)
    }
    done(await runVerify(manifest, place, values))
  })
}

function ownFlags(): Option[] {
  return [
    new Option('--manifest <file>', 'The manifest, as it was written; also compressed'),
    new Option('--deep', 'Read everything, and compare bytes'),
    new Option('--extra', 'Tell also of what is there and not in the manifest'),
    new Option('--allow-incomplete', 'Take a manifest that is not complete for what it says'),
    new Option('--json', 'One JSON event per line').helpGroup('Output:'),
    new Option('--quiet', 'Only errors').helpGroup('Output:'),
    new Option('--debug', 'Context and stack of errors').helpGroup('Output:'),
  ]
}

async function runVerify(manifest: string, place: string, values: FlagValues): Promise<number> {
  const { TransferEngine } = await import('../../index.ts')
  const engineOptions = engineOptionsOf(values)
  const attributes = objectOptionsFrom(values, 'download')
  const interruption = new Interruption()
  const { signal } = interruption
  const report = new VerifyReport(reportStyleOf(values), signal)
  let engine: TransferEngine | undefined
  try {
    engine = new TransferEngine(engineOptions)
    const result = await engine.verify(manifest, place, {
      ...attributes,
      deep: values['deep'] === true,
      extra: values['extra'] === true,
      allowIncomplete: values['allowIncomplete'] === true,
      signal,
      onResult: (entry) => report.entry(entry),
    })
    report.done(result)
    return result.agrees ? EXIT.done : EXIT.failed
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
