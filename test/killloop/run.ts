/**
 * `npm run killloop -- --seed N --rounds M`: transfers by the command, killed at random moments and run
 * again until they are done. A round that failed is run again by itself with `--seed N --round R`.
 */

import { parseArgs } from 'node:util'
import { formatDuration } from 'transfer-engine'
import { planKills } from './plan.ts'
import { runKills, type RoundReport } from './round.ts'

const USAGE = `Usage: npm run killloop -- [--seed N] [--rounds M | --round R]
  --seed    decides everything but the instant of a kill (1)
  --rounds  how many rounds (20)
  --round   only this round, from 1
`

function readNumber(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} ${text} is no number above 0\n${USAGE}`)
  return value
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

async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      seed: { ...text, default: '1' },
      rounds: { ...text, default: '20' },
      round: text,
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(USAGE)
  const seed = readNumber('seed', values.seed)
  const first = values.round === undefined ? 1 : readNumber('round', values.round)
  const last = values.round === undefined ? readNumber('rounds', values.rounds) : first
  let totals: RoundReport = { files: 0, kills: 0, failures: 0, resumed: 0, sends: 0, again: 0 }
  process.exitCode = 1
  for (let round = first; round <= last; round += 1) {
    const plan = planKills(seed, round)
    const startedAt = performance.now()
    try {
      const report = await runKills(plan, seed)
      const elapsed = formatDuration(performance.now() - startedAt)
      console.log(`seed ${seed} round ${round}: ${JSON.stringify(report)}, ${elapsed}`)
      totals = add(totals, report)
    } catch (error) {
      console.error(`failed; again by: npm run killloop -- --seed ${seed} --round ${round}`)
      console.error(JSON.stringify(plan))
      throw error
    }
  }
  process.exitCode = 0
  console.log(`passed: ${JSON.stringify({ rounds: last - first + 1, ...totals })}`)
}

await main()
