/**
 * `transfer-engine demo`: a file of random bytes goes up to a local store and comes back, and what
 * that took is shown. Everything it made is removed at the end, however it ends.
 */

import { Option, type Command } from 'commander'
import { rmSync } from 'node:fs'
import { mkdtemp, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TransferError } from '../../errors.ts'
import type { TransferEngine } from '../../index.ts'
import { formatSize, GiB, MiB, parseSize, TiB } from '../../units.ts'
import { startChildStore, type ChildStore } from '../demo/child-store.ts'
import { renderDemo, type DemoResult } from '../demo/demo-report.ts'
import { measure, type Measurement } from '../demo/measure.ts'
import { sha256OfFile, writeRandomFile } from '../demo/random-file.ts'
import { EXIT, exitCodeOf } from '../exit-codes.ts'
import { engineFlags, engineOptionsFrom, invalidFlag, type FlagValues } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { escapeText, jsonLine } from '../output.ts'
import { ProgressLine } from '../progress-line.ts'
import { failureOf, failureText } from '../report-error.ts'

/** The file, the object, and the copy. */
const COPIES = 3
/** Disk for records of the store and whatever else. Bytes. Source: none, reasonable default. */
const DISK_SPARE = 16 * MiB

/** Flags of the engine that change what the demo shows. */
const ENGINE_FLAGS: readonly (string | undefined)[] = [
  '--workers',
  '--max-connections',
  '--max-in-flight',
  '--memory-limit',
  '--part-size',
  '--multipart-threshold',
  '--checksum-algorithm',
]

const EXAMPLES = `
Needs no account: the store runs on this machine, on a free port of 127.0.0.1. CPU time and memory
are those of the client; the store runs in a process of its own. Needs three times --size on disk.

Examples:
  transfer-engine demo --size 64MiB
  transfer-engine demo --workers 1 --part-size 32MiB`

/** What commander makes of the flags; those of the engine are read by `engineOptionsFrom`. */
type DemoValues = FlagValues & {
  readonly size: number
  readonly keep?: boolean
  readonly json?: boolean
  readonly debug?: boolean
}

/** Adds what `demo` takes. */
export function setUpDemo(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Moves a file up and down through a local store, and shows what that took.')
    .addHelpText('after', EXAMPLES)
    .addOption(
      new Option('--size <size>', 'Size of the file').default(GiB, '1GiB').argParser(parseDemoSize),
    )
    .addOption(new Option('--keep', 'Leave the files, and say where they are'))
  for (const option of engineFlags()) {
    if (ENGINE_FLAGS.includes(option.long ?? undefined)) command.addOption(option)
  }
  command
    .addOption(new Option('--json', 'The figures as one line of JSON').helpGroup('Output:'))
    .addOption(new Option('--debug', 'Context and stack of errors').helpGroup('Output:'))
    .action(async (values: DemoValues) => {
      done(await runDemo(values))
    })
}

async function runDemo(values: DemoValues): Promise<number> {
  const interruption = new Interruption(() => {
    process.stderr.write('transfer-engine: interrupted, cleaning up\n')
  })
  const debug = values.debug === true
  try {
    const result = await inDirectory(values, (dir) => playDemo(dir, values, interruption.signal))
    process.stdout.write(
      values.json === true ? jsonLine({ event: 'result', ...result }) : renderDemo(result),
    )
    if (result.equal) return EXIT.done
    throw new TransferError('ERR_CHECKSUM_MISMATCH', 'The copy differs from the file.')
  } catch (error) {
    const code = interruption.exitCode
    if (code !== undefined) return code
    if (values.json === true)
      process.stdout.write(jsonLine({ event: 'error', ...failureOf(error) }))
    process.stderr.write(failureText(error, { debug }))
    return exitCodeOf(error)
  } finally {
    interruption[Symbol.dispose]()
  }
}

/** Works in a new directory that is gone afterwards, also when the process is told to exit. */
async function inDirectory<T>(values: DemoValues, work: (dir: string) => Promise<T>): Promise<T> {
  await checkDisk(tmpdir(), values.size)
  const dir = await mkdtemp(join(tmpdir(), 'transfer-engine-demo-'))
  const remove = (): void => {
    if (values.keep !== true) rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', remove)
  try {
    return await work(dir)
  } finally {
    process.off('exit', remove)
    remove()
    if (values.keep === true) process.stderr.write(`Kept ${escapeText(dir)}\n`)
  }
}

async function playDemo(dir: string, values: DemoValues, signal: AbortSignal): Promise<DemoResult> {
  const size = values.size
  const source = join(dir, 'file.bin')
  const copy = join(dir, 'copy.bin')
  const say = (text: string): void => {
    if (values.json !== true) process.stderr.write(`${text}\n`)
  }
  const store = await startChildStore(join(dir, 'store'))
  try {
    say(`Local S3 store at ${store.endpoint}. Making ${formatSize(size)} of random bytes …`)
    await writeRandomFile(source, size, signal)
    const uri = 's3://demo/file.bin'
    const up = await direct('upload', store, values, (engine) =>
      engine.upload(source, uri, { signal }),
    )
    const down = await direct('download', store, values, (engine) =>
      engine.download(uri, copy, { signal }),
    )
    const peakRss = process.resourceUsage().maxRSS * 1024
    say('Comparing both files …')
    const sha256 = {
      source: await sha256OfFile(source, signal),
      copy: await sha256OfFile(copy, signal),
    }
    const equal = sha256.source === sha256.copy
    return { size, sha256, equal, peakRss, measurements: [up, down] }
  } finally {
    await store.close()
  }
}

async function direct(
  direction: Measurement['direction'],
  { endpoint, region, credentials }: ChildStore,
  values: DemoValues,
  transfer: (engine: TransferEngine) => ReturnType<Parameters<typeof measure>[2]>,
): Promise<Measurement> {
  const { TransferEngine } = await import('../../index.ts')
  const tuning = engineOptionsFrom(values)
  const engine = new TransferEngine({ ...tuning, endpoint, region, credentials, proxy: 'none' })
  const line =
    values.json === true ? undefined : new ProgressLine(direction, process.stderr, process.env)
  engine
    .on('progress', ({ transferred, total }) => line?.update(transferred, total))
    .on('retry', () => line?.retried())
  try {
    return await measure(direction, engine, () => transfer(engine))
  } finally {
    line?.end()
    await engine.close()
  }
}

async function checkDisk(directory: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const needed = COPIES * size + DISK_SPARE
  if (bavail * bsize >= needed) return
  const message =
    `The demo needs ${formatSize(needed)} in ${directory}, ` +
    `where ${formatSize(bavail * bsize)} are free; choose a smaller --size, or another TMPDIR`
  throw new TransferError('ERR_DISK_FULL', message)
}

function parseDemoSize(text: string): number {
  const size = parseSize(text)
  if (size !== undefined && size >= 1 && size <= TiB) return size
  throw invalidFlag('--size', 'a size from 1 B to 1 TiB, like 64MiB', text)
}
