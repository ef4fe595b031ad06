/**
 * `transfer-engine serve`: the local store as a process of its own, until it is told to end.
 */

import { Option, type Command } from 'commander'
import { TransferError } from '../../errors.ts'
import type { LocalStore } from '../../testing.ts'
import { EXIT } from '../exit-codes.ts'
import { portParser } from '../flags.ts'
import { Interruption } from '../interrupt.ts'
import { jsonLine } from '../output.ts'
import { UsageError } from '../usage-error.ts'

const ACCESS_KEY_ENV = 'TRANSFER_ENGINE_SERVE_ACCESS_KEY'
const SECRET_KEY_ENV = 'TRANSFER_ENGINE_SERVE_SECRET_KEY'

const EXAMPLES = `
The store binds to 127.0.0.1 only, and verifies what it is sent: signatures, lengths, checksums.
Without keys it makes a random pair and prints it once.

Examples:
  transfer-engine serve --dir ./store --port 9000 --bucket test
  transfer-engine serve --memory --bucket a --bucket b`

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What commander makes of the flags. */
interface ServeValues {
  readonly dir?: string
  readonly memory?: boolean
  readonly port: number
  readonly region: string
  readonly bucket?: readonly string[]
  readonly accessKey?: string
  readonly secretKey?: string
  readonly json?: boolean
}

/** Adds what `serve` takes. */
export function setUpServe(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Runs a strict S3 store on this machine, for tests and for trying things out.')
    .addHelpText('after', EXAMPLES)
    .addOption(new Option('--dir <directory>', 'Keep objects there, across restarts'))
    .addOption(new Option('--memory', 'Keep objects in memory (default without --dir)'))
    .addOption(
      new Option('--port <number>', 'Port; 0 takes a free one')
        .default(0)
        .argParser(portParser('--port')),
    )
    .addOption(new Option('--region <name>', 'Region it claims to be').default('us-east-1'))
    .addOption(
      new Option('--bucket <name>', 'Bucket to make; repeat for more').argParser(
        (name: string, previous: readonly string[] | undefined) => [...(previous ?? []), name],
      ),
    )
    .addOption(new Option('--access-key <id>', 'Access key that is let in').env(ACCESS_KEY_ENV))
    .addOption(new Option('--secret-key <key>', 'Its secret; better set').env(SECRET_KEY_ENV))
    .addOption(new Option('--json', 'Say where it listens as one line of JSON'))
    .action(async (values: ServeValues) => {
      done(await runServe(values))
    })
}

async function runServe(values: ServeValues): Promise<number> {
  const keys = keysFrom(values)
  if (values.memory === true && values.dir !== undefined) {
    throw new UsageError('ERR_USAGE', 'Give --dir or --memory, not both.', 'Leave one out.')
  }
  const interruption = new Interruption()
  try {
    const store = await start(values, keys)
    try {
      process.stdout.write(
        values.json === true ? announceInJson(store, values) : announce(store, values, keys),
      )
      await ended(interruption.signal)
    } finally {
      await store.close()
    }
    // Being told to end is how a server ends.
    return EXIT.done
  } finally {
    interruption[Symbol.dispose]()
  }
}

async function start(values: ServeValues, keys: Keys | undefined): Promise<LocalStore> {
  const { startLocalStore } = await import('../../testing.ts')
  const { dir, port } = values
  try {
    return await startLocalStore({
      dir,
      port,
      region: values.region,
      buckets: values.bucket,
      credentials: keys,
    })
  } catch (error) {
    throw startFailure(error, values)
  }
}

function startFailure(error: unknown, { dir, port }: ServeValues): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'EADDRINUSE' || (error.code === 'EACCES' && dir === undefined)) {
    const reason = error.code === 'EACCES' ? 'not allowed' : 'taken'
    const message = `Port ${port} is ${reason}.`
    return new UsageError(
      'ERR_OPTION_INVALID',
      message,
      'Choose another --port; 0 takes a free one.',
    )
  }
  if (error.code === 'InvalidBucketName') {
    const hint = 'A bucket has 3 to 63 lower-case letters, digits, dots and hyphens.'
    return new UsageError('ERR_OPTION_INVALID', 'A --bucket has no valid name.', hint)
  }
  const message = `Cannot keep objects in ${dir ?? 'memory'}: ${String(error.code)}`
  return new TransferError('ERR_TARGET_UNWRITABLE', message, {}, { cause: error })
}

/** Lines to paste into a shell; a secret that was given is not repeated. */
function announce(store: LocalStore, values: ServeValues, keys: Keys | undefined): string {
  const { accessKeyId, secretAccessKey } = store.credentials
  const where = values.dir === undefined ? 'in memory' : `in ${values.dir}`
  const given = process.env[SECRET_KEY_ENV] === undefined ? "'…'" : `"$${SECRET_KEY_ENV}"`
  return [
    `S3 store at ${store.endpoint}, objects ${where}. Ctrl-C ends it. To use it from a shell:`,
    `export AWS_ENDPOINT_URL_S3=${store.endpoint}`,
    `export AWS_REGION=${store.region}`,
    `export AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${keys === undefined ? secretAccessKey : given}`,
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function announceInJson(store: LocalStore, values: ServeValues): string {
  const { endpoint, port, region, credentials } = store
  const { accessKeyId } = credentials
  const secretAccessKey = values.secretKey === undefined ? credentials.secretAccessKey : null
  return jsonLine({ event: 'listening', endpoint, port, region, accessKeyId, secretAccessKey })
}

function keysFrom({ accessKey, secretKey }: ServeValues): Keys | undefined {
  if (accessKey === undefined && secretKey === undefined) return undefined
  if (accessKey !== undefined && secretKey !== undefined) {
    return { accessKeyId: accessKey, secretAccessKey: secretKey }
  }
  const missing = accessKey === undefined ? '--access-key' : '--secret-key'
  const hint = `Set ${ACCESS_KEY_ENV} and ${SECRET_KEY_ENV}, or neither.`
  throw new UsageError('ERR_OPTION_INVALID', `${missing} is missing beside the other one.`, hint)
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
