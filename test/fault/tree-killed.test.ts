/** A tree with hostile names, up and down by `sync`, while the command is killed again and again. */

import { expect, test } from 'vitest'
import { runDist } from '../helpers/run-dist.ts'
import type { TreeLoopReport } from '../killloop/tree-loop.ts'

/** For machines that do other things as well: these are some twenty starts of Node.js. */
const BUSY_MS = 240_000

const FILES = 600

test.each(['1', '2'])(
  'a sync that is killed goes on: every byte arrives, no upload, journal or lock is left, with seed %s',
  { timeout: BUSY_MS },
  async (seed) => {
    const size = ['--files', String(FILES), '--huge', '40MiB']
    const args = ['--tree', ...size, '--kills', '5', '--seed', seed]
    const { code, said } = await runDist('killloop/run.js', args)
    expect(code, `it ends well: ${said}`).toBe(0)
    const [, figures = '{}'] = /^passed: (.*)$/m.exec(said) ?? []
    const { up, down } = JSON.parse(figures) as TreeLoopReport
    for (const { objects, kills } of [up, down]) {
      expect(objects).toBe(FILES + 3)
      // Otherwise nothing was put to the test.
      expect(kills).toBeGreaterThan(1)
    }
  },
)
