/** What it costs to begin: processes that do next to nothing. */

import { manifestVersion } from '../peers/find.ts'
import { ownPeer, programPath } from './own-program.ts'
import type { OwnPeer, Workload } from './workload.ts'

/** Workers of an engine that is made ready: what its goal names. */
const READY_WORKERS = 2

const NODE: OwnPeer = ownPeer({
  name: 'node',
  title: 'Node alone',
  kind: 'floor',
  settings: '`node -e 0`',
  movesNothing: true,
  args: () => ['-e', '0'],
})

export const START_UP: readonly Workload[] = [
  {
    ...start('start-version', '`transfer-engine --version`'),
    reference: NODE.name,
    ownPeers: [
      oursAt('the command line, which prints its version and ends', () => [
        'dist/src/cli/main.cjs',
        '--version',
      ]),
      NODE,
    ],
    onlyOwn: true,
    verification: 'Nothing is moved.',
  },
  {
    ...start('start-ready', '`engine.ready()` with 2 workers'),
    reference: NODE.name,
    ownPeers: [
      oursAt(
        'a program that waits until the workers of an engine are ready, and closes it',
        (job) => [
          programPath('start-ready.mjs'),
          JSON.stringify({ ...job, workers: READY_WORKERS }),
        ],
      ),
      NODE,
    ],
    onlyOwn: true,
    verification: 'Nothing is moved.',
  },
  {
    ...start('start-byte', 'upload of one byte'),
    reference: 'lib-storage',
    ownPeers: [NODE],
  },
]

function start(name: string, what: string): Omit<Workload, 'reference'> {
  return {
    name,
    group: 'start',
    operation: 'upload',
    secure: false,
    count: 1,
    size: 1,
    unit: 'ms',
    title: () => `Start-up: ${what}`,
    scaledBy: 'nothing',
    hasVariants: false,
    processes: 5,
  }
}

function oursAt(settings: string, args: Parameters<typeof ownPeer>[0]['args']): OwnPeer {
  return ownPeer({
    name: 'transfer-engine',
    title: 'transfer-engine',
    kind: 'ours',
    settings,
    movesNothing: true,
    find: async () => manifestVersion('package.json'),
    args,
  })
}
