/** Transfers by the command, of which one end is killed at any moment, until they are done. */

import { describe, expect, test } from 'vitest'
import { runDist } from '../helpers/run-dist.ts'
import { planKills } from '../killloop/plan.ts'

/** For machines that do other things as well: these are some twenty starts of Node.js. */
const BUSY_MS = 240_000

type Figures = Readonly<Record<string, number>>

/** Runs the loop to its end; returns what it counted. */
async function killLoop(...args: readonly string[]): Promise<Figures> {
  const { code, said } = await runDist('killloop/run.js', args)
  expect(code, `it ends well: ${said}`).toBe(0)
  const [, figures = '{}'] = /^passed: (.*)$/m.exec(said) ?? []
  return JSON.parse(figures) as Figures
}

describe('a command that is killed', () => {
  let resumed = 0

  test.each(['1', '2', '3', '4', '5', '6', '7'])(
    'leaves all bytes in place, nothing sent without need, and nothing behind, with seed %s',
    { timeout: BUSY_MS },
    async (seed) => {
      const figures = await killLoop('--seed', seed, '--rounds', '3')
      resumed += figures['resumed'] ?? 0
      // Otherwise nothing was put to the test.
      expect(figures['kills']).toBeGreaterThan(1)
    },
  )

  test('went on with what it had left, in some of these rounds', () => {
    expect(resumed).toBeGreaterThan(3)
  })

  test.each(['up', 'down'])(
    'at half of 256 MiB %s moves again at most what was in flight',
    async (direction) => {
      const { sentAgain, parts } = await killLoop('--large', direction, '--size', '256MiB')
      expect(parts).toBe(32)
      expect(sentAgain).toBeLessThan(16)
    },
  )

  test('is killed the same for the same seed and round, and otherwise for others', () => {
    expect(planKills(7, 3)).toEqual(planKills(7, 3))
    expect(planKills(7, 3)).not.toEqual(planKills(7, 4))
    expect(planKills(7, 3)).not.toEqual(planKills(8, 3))
  })
})

describe('a store that is killed', () => {
  test(
    'under a command ends with all bytes in place and nothing left',
    { timeout: BUSY_MS },
    async () => {
      const { kills } = await killLoop('--kill', 'store', '--seed', '1', '--rounds', '3')
      expect(kills).toBeGreaterThan(2)
    },
  )
})
