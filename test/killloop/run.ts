/**
 * `npm run killloop -- --seed N --rounds M [--kill command|store]`: transfers by the command, of which
 * one or the other end is killed at random moments, until they are done. A round that failed is run
 * again by itself with `--seed N --round R`. `--large up|down` moves one large file instead, `--tree` a whole
 * tree up and down, and `--migration` one from store to store.
 */

import { parseArgs } from 'node:util'
import { formatDuration, formatSize, GiB, MiB, parseSize } from 'transfer-engine'
import { runLarge } from './large.ts'
import { runMigrationLoop } from './migration.ts'
import { planKills } from './plan.ts'
import { runKills, type RoundReport } from './round.ts'
import { planStoreKills } from './store-plan.ts'
import { runStoreKills } from './store-round.ts'
import { runTreeLoop } from './tree-loop.ts'

const USAGE = `Usage: npm run killloop -- [--seed N] [--rounds M | --round R] [--kill command|store]
       npm run killloop -- --large up|down [--size 4GiB]
       npm run killloop -- --tree [--files 10000] [--huge 1GiB] [--kills 8] [--seed N]
       npm run killloop -- --migration [--files 20000] [--huge 2GiB] [--kills 10] [--seed N]
  --seed    decides everything but the instant of a kill (1)
  --rounds  how many rounds (20)
  --round   only this round, from 1
  --kill    who is killed: the command, or the store it speaks to (command)
  --large   one file, killed at half
  --size    of that file (4GiB)
  --tree    a tree with hostile names and three large files, by sync, up and down
  --migration  such a tree from one store to another, with metadata and tags, by migrate
  --files   how many small files it has (10000, of a migration 20000)
  --huge    size of each large one, of a migration of the largest (1GiB, 2GiB)
  --kills   how often the command is killed, of a tree in each direction (8, 10)
`

/** Smallest large file: with fewer parts a command is through before it is killed. Bytes. */
const SIZE_MIN = 64 * MiB

/** Smallest large file of a tree, so that all three go in parts both ways. Bytes. */
const HUGE_MIN = 24 * MiB

const TEXT = { type: 'string' } as const

const OPTIONS = {
  seed: { ...TEXT, default: '1' },
  rounds: { ...TEXT, default: '20' },
  round: TEXT,
  kill: { ...TEXT, default: 'command' },
  large: TEXT,
  size: { ...TEXT, default: String(4 * GiB) },
  tree: { type: 'boolean', default: false },
  migration: { type: 'boolean', default: false },
  files: TEXT,
  huge: TEXT,
  kills: TEXT,
  help: { type: 'boolean', default: false },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

function readNumber(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} ${text} is no number above 0\n${USAGE}`)
  return value
}

function readSize(name: string, text: string, min: number): number {
  const size = parseSize(text) ?? 0
  if (size >= min) return size
  throw new Error(`--${name} ${text} is no size from ${formatSize(min)}\n${USAGE}`)
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

/** Large files take at least this long, so that a command is killed before it is through. Seconds. */
const TREE_S = 3

async function runTree(values: Values): Promise<void> {
  const { seed, files = '10000', huge: largest = '1GiB', kills = '8' } = values
  const size = readSize('huge', largest, HUGE_MIN)
  // No two of the same size, and none of whole parts.
  const huge = [size, size - 5 * MiB - 1, size - 12 * MiB]
  const report = await runTreeLoop({
    seed: readNumber('seed', seed),
    small: readNumber('files', files),
    huge,
    kills: readNumber('kills', kills),
    bandwidth: Math.ceil((3 * size) / TREE_S),
  })
  console.log(`passed: ${JSON.stringify(report)}`)
}

async function runMigration(values: Values): Promise<void> {
  const { seed, files = '20000', huge: largest = '2GiB', kills = '10' } = values
  const report = await runMigrationLoop({
    seed: readNumber('seed', seed),
    small: readNumber('files', files),
    huge: [readSize('huge', largest, HUGE_MIN), 96 * MiB + 1, 20 * MiB],
    kills: readNumber('kills', kills),
  })
  console.log(`passed: ${JSON.stringify(report)}`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) return void process.stdout.write(USAGE)
  process.exitCode = 1
  if (values.tree) {
    await runTree(values)
  } else if (values.migration) {
    await runMigration(values)
  } else if (values.large === undefined) {
    await runRounds(values)
  } else {
    const direction = readChoice('large', values.large, ['up', 'down'])
    const report = await runLarge(`${direction}load`, readSize('size', values.size, SIZE_MIN))
    console.log(`passed: ${JSON.stringify(report)}`)
  }
  process.exitCode = 0
}

await main()
