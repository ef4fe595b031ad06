/** What the model takes from others, or takes for granted: nothing here was measured by us. */

import { MiB } from '../../src/units.ts'

export interface Assumption {
  readonly value: number
  readonly unit: string
  readonly what: string
  readonly source: string
}

const DESIGN_PATTERNS = 'Amazon S3 User Guide, “Optimizing performance”'

/** Changing one changes the tables: `npm run bench:capacity -- --write`. */
export const ASSUMPTIONS = {
  putsPerPrefix: {
    value: 3500,
    unit: '/s',
    what: 'PUT, COPY, POST and DELETE of a partitioned prefix',
    source: DESIGN_PATTERNS,
  },
  getsPerPrefix: {
    value: 5500,
    unit: '/s',
    what: 'GET and HEAD of a partitioned prefix',
    source: DESIGN_PATTERNS,
  },
  latency: {
    value: 0.1,
    unit: 's',
    what: 'from a request to the first byte of its answer',
    source: `${DESIGN_PATTERNS}: “roughly 100–200 milliseconds”`,
  },
  perConnection: {
    value: 85e6,
    unit: 'bytes/s',
    what: 'of one connection',
    source: `${DESIGN_PATTERNS}: “one concurrent request for each 85–90 MB/s”`,
  },
  linkShare: {
    value: 0.94,
    unit: '',
    what: 'of a link’s rate is payload of TCP',
    source: 'frames of 1,500 bytes: 1,448 of 1,538 on the wire',
  },
  headerBytes: {
    value: 1024,
    unit: 'bytes',
    what: 'head of a request or an answer, each way',
    source: 'none, generous',
  },
  partSize: {
    value: 8 * MiB,
    unit: 'bytes',
    what: 'part size; larger ones, which the engine chooses by itself, mean fewer requests',
    source: 'the one the benchmark sets',
  },
  redisCommands: {
    value: 100_000,
    unit: '/s',
    what: 'commands of one Redis, those inside of scripts counted',
    source: 'documentation of Redis, “Benchmarks”, without pipelining; not measured here',
  },
} as const satisfies Record<string, Assumption>

/** The value of an assumption. */
export function assumed(name: keyof typeof ASSUMPTIONS): number {
  return ASSUMPTIONS[name].value
}
