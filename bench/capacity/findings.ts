/** What follows from the tables, in sentences whose numbers come from where those of the tables do. Pure. */

import { GiB, KiB, MiB } from '../../src/units.ts'
import { assumed } from './assumptions.ts'
import { DEFAULTS, fleetNamed, fleetOf, WIDE } from './cases.ts'
import type { Inputs } from './inputs.ts'
import { type Load, reach, type Reached, type ResourceName } from './model.ts'
import { figures, gigabits, seconds } from './numbers.ts'

const SMALL = 4 * KiB
const PREFIXES = 100

export function renderFindings(inputs: Inputs): string {
  const one = fleetNamed('1 × 16 cores, one process')
  const at = (load: Load, settings = WIDE): Reached =>
    reach(inputs, fleetOf(one, load, 100e9, PREFIXES, settings), load)
  const upload = at({ operation: 'upload', size: SMALL })
  const relay = at({ operation: 'relay', size: SMALL })
  const byDefault = at({ operation: 'upload', size: SMALL }, DEFAULTS)
  const large = at({ operation: 'upload', size: 4 * GiB })
  const copied = at({ operation: 'relay', size: 4 * GiB })
  const distant = at({ operation: 'relay', size: 64 * MiB }, DEFAULTS)
  const most = fleetNamed('64 × 16 cores, 256 processes')
  const relays: Load = { operation: 'relay', size: 64 * KiB }
  const coordinated = reach(inputs, fleetOf(most, relays, 25e9, PREFIXES), relays)
  const feeds = coordinated.rate / at(relays).rate
  return [
    `- **Small objects end at the main thread.** One process makes ${figures(upload.rate)} uploads or ` +
      `${figures(relay.rate)} copies of 4 KiB a second, with ${figures(used(upload, 'cores'))} and ` +
      `${figures(used(relay, 'cores'))} cores at work, and more cores do not change it: a second process beside it, ` +
      'with a part of the tree of its own or by the queue, does.',
    `- **A latency of ${seconds(assumed('latency'))} ends it before that, as the engine comes:** at ` +
      `${figures(byDefault.rate)} uploads of 4 KiB a second, because \`maxTransfers\` objects are under way at a time, and at ` +
      `${gigabits(distant.bitsPerSecond)} of copies of 64 MiB, whose parts \`memoryLimit\` holds. Whoever has small objects and a ` +
      'distant store raises `maxTransfers`; for large copies, `memoryLimit`.',
    '- **One process of 16 cores fills a link of 25 Gbit/s with objects of 4 GiB,** up or down. On a faster one uploads ' +
      `end at ${gigabits(large.bitsPerSecond)} (${large.limit}), and copies ` +
      `at ${gigabits(copied.bitsPerSecond)} (${copied.limit}).`,
    `- **A migration by the queue ends at the coordinator,** whose one thread lists the source and notes outcomes: ` +
      `${figures(coordinated.rate)} objects a second, what ${figures(feeds)} processes copy of 64 KiB; Redis is then at ` +
      `${figures((100 * used(coordinated, 'Redis')) / assumed('redisCommands'))} % of what it can do. ` +
      'A second coordinator with another prefix of the source is the way past it.',
    '- **Prefixes are those at work at the same time.** Keys come in order, so one process, and shards handed out in order, ' +
      'are in the same prefix for as long as it lasts: a bucket of a hundred prefixes may be worked on one by one. ' +
      'Processes with prefixes of their own, or shards handed out across the range of keys, are what makes use of many.',
  ].join('\n')
}

/** How much of a resource is in use at that rate, in its own unit. */
function used({ rate, resources }: Reached, name: ResourceName): number {
  return rate * (resources.find((each) => each.name === name)?.taken ?? 0)
}
