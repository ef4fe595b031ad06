/**
 * `npm run killloop -- --seed N --rounds M [--kill command|store]`: transfers by the command, of which
 * one or the other end is killed at random moments, until they are done. A round that failed is run
 * again by itself with `--seed N --round R`. `--large up|down` moves one large file instead.
 */

import { parseArgs } from 'node:util'
import { formatDuration, GiB, MiB, parseSize } from 'transfer-engine'
import { runLarge } from './large.ts'
import { planKills } from './plan.ts'
import { runKills, type RoundReport } from './round.ts'
import { planStoreKills } from './store-plan.ts'
import { runStoreKills } from './store-round.ts'

const USAGE = `Usage: npm run killloop -- [--seed N] [--rounds M | --round R] [--kill command|store]
       npm run killloop -- --large up|down [--size 4GiB]
  --seed    decides everything but the instant of a kill (1)
  --rounds  how many rounds (20)
  --round   only this round, from 1
  --kill    who is killed: the command, or the store it speaks to (command)
  --large   one file, killed at half
  --size    of that file (4GiB)
`

/** Smallest large file: with fewer parts a command is through before it is killed. Bytes. */
const SIZE_MIN = 64 * MiB

const TEXT = { type: 'string' } as const

const OPTIONS = {
  seed: { ...TEXT, default: '1' },
  rounds: { ...TEXT, default: '20' },
  round: TEXT,
  kill: { ...TEXT, default: 'command' },
  large: TEXT,
  size: { ...TEXT, default: String(4 * GiB) },
  help: { type: 'boolean', default: false },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

function readNumber(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} ${text} is no number above 0\n${USAGE}`)
  return value
}

function readSize(text: string): number {
  const size = parseSize(text) ?? 0
  if (size < SIZE_MIN) throw new Error(`--size ${text} is no size from 64MiB\n${USAGE}`)
  return size
}

function readChoice<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text)
  if (choice === undefined) throw new Error(`--${name} is ${choices.join(' or ')}\n${USAGE}`)
  return choice
}

function add(a: RoundReport, b: RoundReport): RoundReport {
  return {
    files: a.files + b.files,
    kills: a.kills + b.kills,
    failures: a.failures + b.failures,
    resumed: a.resumed + b.resumed,
    sends: a.sends + b.sends,
    again: a.again + b.again,
  }
}

/** What a round does, and how it is done. */
function roundOf(
  kill: 'command' | 'store',
  seed: number,
  round: number,
): { readonly plan: object; readonly run: () => Promise<RoundReport> } {
  if (kill === 'command') {
    const plan = planKills(seed, round)
    return { plan, run: () => runKills(plan, seed) }
  }
  const plan = planStoreKills(seed, round)
  return { plan, run: () => runStoreKills(plan, seed) }
}

async function runRounds(values: Values): Promise<void> {
  const kill = readChoice('kill', values.kill, ['command', 'store'])
  const seed = readNumber('seed', values.seed)
  const first = values.round === undefined ? 1 : readNumber('round', values.round)
  const last = values.round === undefined ? readNumber('rounds', values.rounds) : first
  let totals: RoundReport = { files: 0, kills: 0, failures: 0, resumed: 0, sends: 0, again: 0 }
  for (let round = first; round <= last; round += 1) {
    const { plan, run } = roundOf(kill, seed, round)
    const startedAt = performance.now()
    try {
      const report = await run()
      const elapsed = formatDuration(performance.now() - startedAt)
      console.log(`seed ${seed} round ${round}: ${JSON.stringify(report)}, ${elapsed}`)
      totals = add(totals, report)
    } catch (error) {
      const again = `npm run killloop -- --kill ${kill} --seed ${seed} --round ${round}`
      console.error(`failed; again by: ${again}`)
      console.error(JSON.stringify(plan))
      throw error
    }
  }
  console.log(`passed: ${JSON.stringify({ rounds: last - first + 1, ...totals })}`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) return void process.stdout.write(USAGE)
  process.exitCode = 1
  if (values.large === undefined) {
    await runRounds(values)
  } else {
    const direction = readChoice('large', values.large, ['up', 'down'])
    const report = await runLarge(`${direction}load`, readSize(values.size))
    console.log(`passed: ${JSON.stringify(report)}`)
  }
  process.exitCode = 0
}

await main()
