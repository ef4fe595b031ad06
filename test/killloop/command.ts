/**
 * The command as a child that is killed at a moment: after some time, or when its journal has come so
 * far. Looks at the journal from outside; the command knows nothing of it.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LocalStore } from 'transfer-engine/testing'
import type { KillMoment } from './plan.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.cjs', import.meta.url))

/** How often a journal is looked at. Milliseconds. */
const LOOK_MS = 3

/** Longest time the command may take. Milliseconds. */
const RUN_MS = 60_000

export interface CommandRun {
  /** `null` when it was killed. */
  readonly code: number | null
  /** Its event of success. */
  readonly result: Readonly<Record<string, unknown>> | undefined
  readonly said: string
}

/** Runs the command, to its end or to the moment of its kill. */
export async function runCommand(
  argv: readonly string[],
  store: LocalStore,
  stateDir: string,
  moment: KillMoment | undefined,
): Promise<CommandRun> {
  const { accessKeyId, secretAccessKey } = store.credentials
  const child = spawn(process.execPath, [MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS,
    env: {
      PATH: process.env['PATH'],
      AWS_ENDPOINT_URL_S3: store.endpoint,
      AWS_REGION: store.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  })
  let out = ''
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const closed = once(child, 'close')
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
  if (moment !== undefined) {
    await reached(moment, stateDir, isOver)
    child.kill('SIGKILL')
  }
  await closed
  const events = out.split('\n').filter((line) => line.endsWith('}'))
  const parsed = events.map((line) => JSON.parse(line) as Record<string, unknown>)
  const result = parsed.find(({ event }) => event === 'result')
  return { code: child.exitCode, result, said }
}

async function reached(moment: KillMoment, stateDir: string, isOver: () => boolean): Promise<void> {
  if ('after' in moment) {
    const end = Date.now() + moment.after
    while (!isOver() && Date.now() < end) await delay(LOOK_MS)
    return
  }
  while (!isOver()) {
    const text = await journalText(stateDir)
    if ('word' in moment && text.includes(moment.word)) return
    if ('lines' in moment && text.split('\n').length > moment.lines) return
    await delay(LOOK_MS)
  }
}

async function journalText(stateDir: string): Promise<string> {
  const dir = join(stateDir, 'journals')
  const names = await readdir(dir).catch(() => [])
  const name = names.find((each) => each.endsWith('.journal'))
  return name === undefined ? '' : readFile(join(dir, name), 'latin1').catch(() => '')
}
