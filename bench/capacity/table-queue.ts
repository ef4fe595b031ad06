/** What one coordinator and one Redis can do, and what a migration leaves in memory and on disk: tables. Pure. */

import { formatSize, KiB } from '../../src/units.ts'
import { tableLines } from '../report/markdown.ts'
import { assumed } from './assumptions.ts'
import { fleetNamed, fleetOf, type NamedFleet } from './cases.ts'
import { AWAY, growth, type Growth } from './growth.ts'
import type { Inputs } from './inputs.ts'
import { type Load, reach } from './model.ts'
import { bytes, count, figures, seconds } from './numbers.ts'
import { outcomeLine } from './outcome-sample.ts'
import { commandsOfTime, commandsPerObject, QUEUE, REDIS_COSTS } from './queue.ts'

/** Numbers of objects that are asked for. */
const OBJECTS = [100e6, 10e9] as const

const SMALL: Load = { operation: 'relay', size: 64 * KiB }

/** Where one thread ends, whatever the fleet. */
export function renderControl(inputs: Inputs): string[] {
  const both = inputs.listed + inputs.noted
  const rows = [
    [
      'a key listed',
      seconds(inputs.listed),
      figures(1 / inputs.listed),
      'list-1m, all of its CPU time',
    ],
    ['an outcome read and written', seconds(inputs.noted), figures(1 / inputs.noted), 'capacity'],
    ['**coordinator: both**', seconds(both), `**${figures(1 / both)}**`, ''],
    [
      'a file and an object found the same (`sync`)',
      seconds(inputs.judged.mainSeconds),
      figures(1 / inputs.judged.mainSeconds),
      'sync-100k-unchanged, its main thread',
    ],
    ...([4 * KiB, 64 * KiB] as const).map((size) => {
      const { rate } = oneProcess(inputs, { operation: 'relay', size })
      const name = `copies of ${formatSize(size)} that one process makes`
      return [
        name,
        seconds(1 / rate),
        figures(rate),
        `one coordinator feeds ${figures(1 / both / rate)} of them`,
      ]
    }),
  ]
  const heads = ['of one thread', 'CPU time', 'at most, a second', 'from']
  return ['Where one thread is full:', tableLines(heads, rows, 4).join('\n')]
}

export function renderRedis(): string[] {
  const rows = REDIS_COSTS.map(({ what, per, commands }) => [what, per, String(commands)])
  const processes = biggest().hosts * biggest().processes
  const ofTime = commandsOfTime(processes)
  const each = commandsPerObject(SMALL.size)
  const most = (assumed('redisCommands') - ofTime) / each
  return [
    `Commands that Redis carries out for a queue of shards of ${QUEUE.shardObjects.toLocaleString('en-US')} objects or ` +
      `${formatSize(QUEUE.shardBytes)}, outcomes in batches of ${QUEUE.batchOutcomes}, signs of life every ` +
      `${QUEUE.heartbeat} s (counted by Redis, those inside of BullMQ’s scripts too):`,
    tableLines(['', 'per', 'commands'], rows, 2).join('\n'),
    `Per object: (commands per shard) ÷ (objects of a shard) + (commands per batch) ÷ (outcomes of a batch) = ` +
      `${figures(each)}, and ${figures(ofTime)} a second for ${processes} processes besides. One Redis is good for ` +
      `${figures(most)} objects a second; where a shard is full by its bytes, at 4 GiB, an object takes ` +
      `${figures(commandsPerObject(4 * 1024 ** 3))} commands.`,
  ]
}

export function renderGrowth(inputs: Inputs): string[] {
  const fleet = fleetOf(biggest(), SMALL, 25e9, 100)
  const columns = OBJECTS.map((objects) => growth(inputs, fleet, SMALL, objects))
  const row = (title: string, of: (each: Growth) => string): string[] => [title, ...columns.map(of)]
  const most = Math.max(...inputs.memory.map(({ peakRss }) => peakRss))
  const last = inputs.memory.at(-1)
  const rows = [
    row(`copied by ${biggest().title}, 100 prefixes`, (each) => seconds(each.moved)),
    row('listed, by one thread', (each) => seconds(each.listed)),
    row('memory of a process, or of the coordinator', () => `flat, ${bytes(most)} measured`),
    row('+ per name that `sync --delete` is to remove, all of them', (each) =>
      bytes(each.removals),
    ),
    row(`\`outcomes.ndjson\`, ${Buffer.byteLength(outcomeLine())} bytes a line`, (each) =>
      bytes(each.outcomes),
    ),
    row('reading it when a job goes on, at most', (each) => seconds(each.read)),
    row('shards', (each) => count(each.shards)),
    row(`Redis: ${QUEUE.shardsOpen} shards open at most`, (each) => bytes(each.jobsOpen)),
    row('Redis, were all shards handed out at once', (each) => bytes(each.jobsAtOnce)),
    row(`Redis: outcomes, ${AWAY} s without a coordinator`, (each) => bytes(each.backlog)),
  ]
  const measured = inputs.memory
    .map((each) => `${count(each.count)}: ${bytes(each.peakRss)}`)
    .join(', ')
  return [
    `Memory and disk for copies of ${formatSize(SMALL.size)}, keys of 64 characters:`,
    tableLines(['', ...OBJECTS.map((objects) => `${count(objects)} objects`)], rows, 1).join('\n'),
    `“Flat” was measured up to ${count(last?.count ?? 0)} uploads in one run (peak by number of objects: ${measured}), ` +
      'and follows from the code beyond: plans, pages of listings and outcomes are held in windows, and 16 pages at most. ' +
      'What does grow: names to be removed, a note per directory a tree comes down into, and names in any order ' +
      'where the file system folds them.',
  ]
}

function biggest(): NamedFleet {
  return fleetNamed('64 × 16 cores, 256 processes')
}

function oneProcess(inputs: Inputs, load: Load): ReturnType<typeof reach> {
  const fleet = fleetNamed('1 × 16 cores, one process')
  return reach(inputs, fleetOf(fleet, load, 25e9, 100), load)
}
