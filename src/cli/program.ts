/**
 * The commands, and what `run` makes of the arguments: an exit code.
 *
 * A command's module is loaded when it is called for, the engine by the command when it works,
 * and what words a failure when there is one: `--help` waits for nothing.
 */

import { Command, CommanderError } from 'commander'
import { packageVersion } from '../package-version.ts'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { escapeText } from './output.ts'

/** Adds the arguments, flags and action of a command; `done` takes its exit code. */
export type Setup = (command: Command, done: (exitCode: number) => void) => void

interface CommandEntry {
  readonly summary: string
  readonly load: () => Promise<Setup>
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  cp: {
    summary: 'copy a file, - or a directory to s3://, and back',
    load: async () => (await import('./commands/cp.ts')).setUpCp,
  },
  mv: {
    summary: 'move a file or a directory to s3://, and back',
    load: async () => (await import('./commands/mv.ts')).setUpMv,
  },
  sync: {
    summary: 'copy what is missing or differs: a directory to s3://, back, or between prefixes',
    load: async () => (await import('./commands/sync.ts')).setUpSync,
  },
  migrate: {
    summary: 'copy a prefix to another bucket or store, proved, with a job that goes on',
    load: async () => (await import('./commands/migrate.ts')).setUpMigrate,
  },
  worker: {
    summary: 'do what migrations give to a queue, with others',
    load: async () => (await import('./commands/worker.ts')).setUpWorker,
  },
  replicate: {
    summary: 'keep a prefix in step with another, pass after pass',
    load: async () => (await import('./commands/replicate.ts')).setUpReplicate,
  },
  ls: {
    summary: 'list the objects below a bucket or prefix',
    load: async () => (await import('./commands/ls.ts')).setUpLs,
  },
  verify: {
    summary: 'look whether what a manifest of cp --recursive or sync says is there',
    load: async () => (await import('./commands/verify.ts')).setUpVerify,
  },
  resume: {
    summary: 'go on with transfers that were killed or paused',
    load: async () => (await import('./commands/resume.ts')).setUpResume,
  },
  cleanup: {
    summary: 'remove multipart uploads that nobody works on any more',
    load: async () => (await import('./commands/cleanup.ts')).setUpCleanup,
  },
  doctor: {
    summary: 'find out what a store and this machine can do',
    load: async () => (await import('./commands/doctor.ts')).setUpDoctor,
  },
  serve: {
    summary: 'run a strict S3 store on this machine, for tests',
    load: async () => (await import('./commands/serve.ts')).setUpServe,
  },
  demo: {
    summary: 'move a file up and down through a local store, and measure',
    load: async () => (await import('./commands/demo.ts')).setUpDemo,
  },
}

const EXAMPLES = `
Examples:
  transfer-engine cp data.bin s3://bucket/prefix/
  transfer-engine cp s3://bucket/data.bin .
  tar c dir | transfer-engine cp - s3://bucket/dir.tar
  transfer-engine demo --size 64MiB

Exit codes: 0 done and verified, 1 failed, 2 wrong usage, 130 interrupted.
Region, endpoint and credentials come from where AWS tools take them: AWS_* variables and ~/.aws.`

/** Runs the command line. Never throws. */
export async function run(argv: readonly string[]): Promise<number> {
  let outputError: Error | undefined
  process.stdout.on('error', (error: Error) => (outputError ??= error))
  // Where errors would be told nobody listens.
  process.stderr.on('error', () => undefined)
  tellWarnings()
  const exitCode = await runCommand(argv)
  // What was written last tells of its failure a turn later.
  await new Promise((resolve) => setImmediate(resolve))
  if (exitCode !== EXIT.done || outputError === undefined) return exitCode
  // A reader that has seen enough is none.
  if ('code' in outputError && outputError.code === 'EPIPE') return exitCode
  const [{ targetError }, { failureText }] = await Promise.all([
    import('../local-errors.ts'),
    import('./report-error.ts'),
  ])
  process.stderr.write(failureText(targetError(outputError, 'standard output'), { debug: false }))
  return EXIT.failed
}

/** Warnings in our words; switched off, as ever, by NODE_NO_WARNINGS. */
function tellWarnings(): void {
  if (process.listenerCount('warning') === 0) return
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => {
    const kind = name === 'TransferEngineWarning' ? '' : `${name}: `
    process.stderr.write(`transfer-engine: warning: ${kind}${escapeText(message)}\n`)
  })
}

async function runCommand(argv: readonly string[]): Promise<number> {
  const name = argv[0] === 'help' ? argv[1] : argv[0]
  const chosen = name !== undefined && Object.hasOwn(COMMANDS, name) ? name : ''
  let exitCode: number = EXIT.done
  try {
    const program = await createProgram(chosen, (code) => (exitCode = code))
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done
    // Without any argument: the help was shown, and nothing done.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') return EXIT.usage
    const { failureText, usageErrorOf } = await import('./report-error.ts')
    const isOurs = !(thrown instanceof CommanderError)
    const error = isOurs ? thrown : usageErrorOf(thrown, chosen)
    process.stderr.write(failureText(error, { debug: argv.includes('--debug') }))
    return exitCodeOf(error)
  }
}

async function createProgram(chosen: string, done: (exitCode: number) => void): Promise<Command> {
  const program = new Command('transfer-engine')
  program
    .description('Moves objects between this machine and S3 or a compatible store.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    // Errors are told once, by us.
    .configureOutput({ outputError: () => undefined })
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(summary)
    if (name === chosen) (await load())(command, done)
  }
  return program
}
