/**
 * The command as a child that may be killed. What it prints is looked at the moment it comes, and what
 * must hold at that moment is checked then.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { StoreAddress } from './store-view.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.cjs', import.meta.url))

/** How often is looked whether the moment has come. Milliseconds. */
const LOOK_MS = 3

/** Longest time the command may take. Milliseconds. */
const RUN_MS = 60_000

type Event = Readonly<Record<string, unknown>>

export interface CommandRun {
  /** `null` when it was killed. */
  readonly code: number | null
  readonly killedAt: number | undefined
  /** Its event of success. */
  readonly result: Event | undefined
  /** When it told that a part had arrived. Epoch milliseconds, by part. */
  readonly arrived: ReadonlyMap<number, number>
  readonly said: string
}

export interface CommandCall {
  readonly argv: readonly string[]
  readonly store: StoreAddress
  /** Whether it is to be killed now; told which events it has printed. */
  readonly isMoment: ((events: ReadonlySet<unknown>) => boolean) | undefined
  /** Hears its process id. */
  readonly onStart?: ((pid: number) => void) | undefined
  /** Checks what must hold when success is told. */
  readonly onResult: () => void
  /** Longest time it may take. Milliseconds. */
  readonly timeoutMs?: number | undefined
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the command, to its end or to the moment of its kill. @throws what `onResult` throws */
export async function runCommand(call: CommandCall): Promise<CommandRun> {
  const child = spawn(process.execPath, [MAIN, ...call.argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: call.timeoutMs ?? RUN_MS,
    env: { ...environmentOf(call.store), ...call.env },
  })
  call.onStart?.(child.pid ?? 0)
  const heard = new Set<unknown>()
  const arrived = new Map<number, number>()
  let result: Event | undefined
  let wrong: { readonly error: unknown } | undefined
  let rest = ''
  let said = ''
  const hear = (event: Event): void => {
    heard.add(event['event'])
    if (event['event'] === 'part') {
      arrived.set(Number(event['partNumber']), Date.parse(String(event['time'])))
    }
    if (event['event'] !== 'result') return
    result = event
    try {
      call.onResult()
    } catch (error) {
      wrong = { error }
    }
  }
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString()}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) hear(JSON.parse(line) as Event)
  })
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const closed = once(child, 'close')
  let killedAt: number | undefined
  if (call.isMoment !== undefined) {
    const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
    while (!isOver() && !call.isMoment(heard)) await delay(LOOK_MS)
    killedAt = Date.now()
    child.kill('SIGKILL')
  }
  await closed
  if (wrong !== undefined) throw wrong.error
  if (child.signalCode !== 'SIGKILL') killedAt = undefined
  return { code: child.exitCode, killedAt, result, arrived, said }
}

function environmentOf({ endpoint, region, credentials }: StoreAddress): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}
