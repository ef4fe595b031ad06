/**
 * `transfer-engine doctor`: finds out what a store and this machine can do, by doing it.
 */

import { Option, type Command } from 'commander'
import { isTransferError } from '../../errors.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { DoctorReport } from '../doctor-report.ts'
import { EXIT } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'

const EXAMPLES = `
It writes some 40 MiB in small objects and parts below a random name under the prefix,
transfer-engine-doctor-…/, asks for what no honest client would (a body with a wrong checksum), and
removes all of it again, also after Ctrl-C. With --read-only it writes nothing and reads what is there.

Each line says: ok, note (works otherwise than on S3, or less well), BAD (something the engine needs is
missing, with the right if it is one), or - (could not be looked at).

Exit codes: 0 usable, 1 something that is needed is missing, 2 wrong usage, 130 interrupted.

Examples:
  transfer-engine doctor s3://bucket/prefix/
  transfer-engine doctor s3://bucket --read-only --json
  transfer-engine doctor s3://bucket --endpoint-url http://localhost:9000 --directory /data`

/** Adds what `doctor` takes. */
export function setUpDoctor(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Finds out what a store and this machine can do, and which settings fit.')
    .argument('<prefix>', 's3://bucket or s3://bucket/prefix')
    .addHelpText('after', EXAMPLES)
  for (const option of [...ownFlags(), ...engineFlags('all'), ...connectionFlags()]) {
    command.addOption(option)
  }
  command.action(async (prefix: string, values: FlagValues) => {
    done(await runDoctor(prefix, values))
  })
}

function ownFlags(): Option[] {
  return [
    new Option('--read-only', 'Write nothing to the store'),
    new Option('--directory <path>', 'Measure how fast files there are written'),
    new Option('--json', 'One JSON event per line').helpGroup('Output:'),
    new Option('--debug', 'Context and stack of errors').helpGroup('Output:'),
  ]
}

async function runDoctor(prefix: string, values: FlagValues): Promise<number> {
  const { diagnose } = await import('../../index.ts')
  const engineOptions = engineOptionsOf(values)
  const report = new DoctorReport({
    json: values['json'] === true,
    debug: values['debug'] === true,
  })
  const interruption = new Interruption()
  try {
    const diagnosis = await diagnose(prefix, engineOptions, {
      readOnly: values['readOnly'] === true,
      directory: values['directory'] as string | undefined,
      signal: interruption.signal,
      onFinding: (finding) => report.finding(finding),
    })
    report.done(diagnosis)
    return diagnosis.usable ? EXIT.done : EXIT.failed
  } catch (error) {
    const { exitCode } = interruption
    const isClean = !isTransferError(error) || error.context.leftBehind === undefined
    if (exitCode === undefined || exitCode === EXIT.brokenPipe || !isClean) {
      return failureExit(error, report, interruption)
    }
    report.interrupted()
    return exitCode
  } finally {
    interruption[Symbol.dispose]()
  }
}
