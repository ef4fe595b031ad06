/** Transfers by the command, of which one end is killed at any moment, until they are done. */

import { describe, expect, test } from 'vitest'
import { runDist } from '../helpers/run-dist.ts'
import { planKills } from '../killloop/plan.ts'

type Figures = Readonly<Record<string, number>>

/** Runs the loop to its end; returns what it counted. */
async function killLoop(...args: readonly string[]): Promise<Figures> {
  const { code, said } = await runDist('killloop/run.js', args)
  expect(code, `it ends well: ${said}`).toBe(0)
  const [, figures = '{}'] = /^passed: (.*)$/m.exec(said) ?? []
  return JSON.parse(figures) as Figures
}

describe('a command that is killed', () => {
  test.each(['1', '2', '3', '4'])(
    'leaves all bytes in place, nothing sent without need, and nothing behind, with seed %s',
    async (seed) => {
      const { kills, resumed } = await killLoop('--seed', seed, '--rounds', '5')
      // Otherwise nothing was put to the test.
      expect(kills).toBeGreaterThan(3)
      expect(resumed).toBeGreaterThan(1)
    },
  )

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
  test('under a command ends with all bytes in place and nothing left', async () => {
    const { kills } = await killLoop('--kill', 'store', '--seed', '1', '--rounds', '3')
    expect(kills).toBeGreaterThan(2)
  })
})
