/**
 * `npm run soak -- --seed N --minutes M`: round after round of random transfers over a random bad
 * network, each from the seed and its number, so that a failing one can be run again by itself with
 * `--seed N --round R`. To be run with --expose-gc.
 */

import { parseArgs } from 'node:util'
import { formatDuration } from 'transfer-engine'
import { MemoryWatch } from './memory.ts'
import { planRound, type RoundPlan } from './plan.ts'
import { runRound, type RoundReport } from './round.ts'

const USAGE = `Usage: npm run soak -- [--seed N] [--minutes M | --rounds R | --round R] [--plan]
  --seed     decides everything (1)
  --minutes  how long to go on (1)
  --rounds   how many rounds instead
  --round    only this round, from 1
  --plan     print what each round does
`

function readNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} ${text} is no number above 0\n${USAGE}`)
  return value
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      seed: text,
      minutes: text,
      rounds: text,
      round: text,
      plan: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(USAGE)
  const seed = readNumber('seed', values.seed, 1)
  const only = values.round && readNumber('round', values.round, 1)
  const minutes = values.rounds === undefined ? readNumber('minutes', values.minutes, 1) : Infinity
  const rounds = only ? 1 : readNumber('rounds', values.rounds, Infinity)
  const end = Date.now() + minutes * 60_000
  const memory = new MemoryWatch()
  const totals = new Map<string, number>()
  for (let count = 0; count < rounds && Date.now() < end; count += 1) {
    const round = only || count + 1
    const plan = planRound(seed, round)
    if (values.plan) console.log(describe(plan))
    process.exitCode = 1
    console.log(`seed ${seed} round ${round}: ${plan.objects.length} objects`)
    const report = await run(plan, seed, round)
    const used = await memory.look()
    for (const [name, number] of report.endings) totals.set(name, (totals.get(name) ?? 0) + number)
    console.log(summary(report, used))
  }
  process.exitCode = 0
  console.log(`passed: ${JSON.stringify(Object.fromEntries(totals))}`)
}

async function run(plan: RoundPlan, seed: number, round: number): Promise<RoundReport> {
  try {
    return await runRound(plan)
  } catch (error) {
    console.error(`failed; again by: npm run soak -- --seed ${seed} --round ${round}`)
    console.error(describe(plan))
    throw error
  }
}

function describe({ objects, ...rest }: RoundPlan): string {
  const text = (_: string, value: unknown): unknown =>
    value instanceof RegExp ? `${value}` : value
  const lines = objects.slice(0, 20).map((each) => `  ${JSON.stringify(each)}`)
  return [JSON.stringify(rest, text, 1), ...lines].join('\n')
}

function summary({ requests, faults, elapsedMs }: RoundReport, used: number): string {
  const mib = (used / 1024 / 1024).toFixed(1)
  return `  ${requests} requests, ${faults} with faults, ${formatDuration(elapsedMs)}, ${mib} MiB in use`
}

await main()
