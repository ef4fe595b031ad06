/**
 * `transfer-engine resume`: shows what transfers were begun on this machine and have not ended, and
 * goes on with them, one after the other. Ctrl-C keeps what has been made.
 */

import { Option, type Command } from 'commander'
import type { JobList, ResumableJob, TransferEngine } from '../../index.ts'
import { connectionFlags, engineOptionsOf } from '../connection-flags.ts'
import { CopyReport, type ReportStyle } from '../copy-report.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import { failureExit } from '../failure-exit.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { customerKeyFlag, objectOptionsFrom } from '../object-flags.ts'
import { reportStyleOf } from '../output-flags.ts'
import { chooseJobs, type Choice } from '../resume-choice.ts'
import { describeJob, ResumeReport } from '../resume-report.ts'

const EXAMPLES = `
Transfers in parts from 64 MiB are written down in the state directory (--state-dir), all of them with
cp --resume=always. One that was killed goes on when the same cp is run again, or by its ID here: the
first digits of it are enough. Place, attributes and checksum are those of then; flags given here come
before them. Ctrl-C keeps what was moved.

Exit codes: 0 all are done and verified, 1 one failed, 2 wrong usage, 130 interrupted.

Examples:
  transfer-engine resume --list
  transfer-engine resume 3f2a
  transfer-engine resume --all --max-bandwidth 50MiB`

/** What a transfer keeps from its beginning, whatever is wanted now. */
const OF_THEN = ['--resume', '--part-size', '--multipart-threshold', '--checksum-algorithm']

/** Adds what `resume` takes. */
export function setUpResume(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Goes on with transfers that were killed or paused.')
    .argument('[id...]', 'which ones; see --list')
    .addHelpText('after', EXAMPLES)
  const tuning = engineFlags().filter(({ long }) => !OF_THEN.includes(long ?? ''))
  const flags = [...ownFlags(), ...tuning, customerKeyFlag(), ...connectionFlags()]
  for (const option of flags) command.addOption(option)
  command.action(async (ids: readonly string[], values: FlagValues) => {
    done(await runResume(ids, values))
  })
}

function ownFlags(): Option[] {
  return [
    new Option('--list', 'Show what can be gone on with, and do nothing'),
    new Option('--all', 'Go on with all of them, the oldest first'),
    new Option('--json', 'One JSON event per line').helpGroup('Output:'),
    new Option('--quiet', 'Only errors').helpGroup('Output:'),
    new Option('--debug', 'Context and stack of errors').helpGroup('Output:'),
  ]
}

async function runResume(ids: readonly string[], values: FlagValues): Promise<number> {
  const choice: Choice = { ids, all: values['all'] === true, list: values['list'] === true }
  const style: ReportStyle = reportStyleOf(values)
  const report = new ResumeReport(style)
  try {
    const { jobs, failures } = await found(values)
    const chosen = chooseJobs(jobs, choice)
    const hasFailures = choice.list || choice.all ? failures.length > 0 : false
    if (hasFailures) for (const { id, error } of failures) report.unreadable(id, error)
    if (choice.list) {
      report.list(chosen)
      return hasFailures ? EXIT.failed : EXIT.done
    }
    const exitCode = await goOn(chosen, values, style)
    return exitCode === EXIT.done && hasFailures ? EXIT.failed : exitCode
  } catch (error) {
    report.failed(error)
    return exitCodeOf(error)
  }
}

async function found(values: FlagValues): Promise<JobList> {
  const { TransferEngine } = await import('../../index.ts')
  const engine = new TransferEngine(engineOptionsOf(values))
  try {
    return await engine.resumable()
  } finally {
    await engine.close()
  }
}

/** Each with an engine of its own: they may go to different stores. */
async function goOn(
  jobs: readonly ResumableJob[],
  values: FlagValues,
  style: ReportStyle,
): Promise<number> {
  let exitCode: number = EXIT.done
  for (const job of jobs) {
    const code = await resumeOne(job, values, style)
    if (code !== EXIT.done && code !== EXIT.failed && code !== EXIT.usage) return code
    if (code !== EXIT.done) exitCode = code
  }
  return exitCode
}

async function resumeOne(
  job: ResumableJob,
  values: FlagValues,
  style: ReportStyle,
): Promise<number> {
  const { TransferEngine } = await import('../../index.ts')
  const report = new CopyReport(describeJob(job), style)
  const interruption = new Interruption(() =>
    report.notice('interrupted, keeping what was moved (once more exits at once)'),
  )
  let engine: TransferEngine | undefined
  try {
    engine = new TransferEngine({ ...job.connection, ...engineOptionsOf(values) })
    report.follow(engine)
    const transfer = engine.resume(job.id, objectOptionsFrom(values, job.direction))
    interruption.signal.addEventListener('abort', () => void transfer.pause(), { once: true })
    const summary = await transfer
    report.succeeded(summary, engine.stats().pool)
    return EXIT.done
  } catch (error) {
    return failureExit(error, report, interruption)
  } finally {
    await engine?.close()
    interruption[Symbol.dispose]()
  }
}
