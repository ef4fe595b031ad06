/** Transfers by the command that is killed at any moment, and run again until they are done. */

import { describe, expect, test } from 'vitest'
import { runDist } from '../helpers/run-dist.ts'
import { planKills } from '../killloop/plan.ts'

interface Totals {
  readonly kills: number
  readonly resumed: number
}

/** Runs the loop to its end; returns what it counted. */
async function killLoop(...args: readonly string[]): Promise<Totals> {
  const { code, said } = await runDist('killloop/run.js', args)
  expect(code, `it ends well: ${said}`).toBe(0)
  const [, totals = '{}'] = /^passed: (.*)$/m.exec(said) ?? []
  return JSON.parse(totals) as Totals
}

describe('a kill loop', () => {
  test.each(['1', '2', '3', '4'])(
    'of seed %s ends with all bytes in place, nothing sent without need, and nothing left',
    async (seed) => {
      const { kills, resumed } = await killLoop('--seed', seed, '--rounds', '5')
      // Otherwise nothing was put to the test.
      expect(kills).toBeGreaterThan(3)
      expect(resumed).toBeGreaterThan(1)
    },
  )

  test('does the same for the same seed and round, and something else for others', () => {
    expect(planKills(7, 3)).toEqual(planKills(7, 3))
    expect(planKills(7, 3)).not.toEqual(planKills(7, 4))
    expect(planKills(7, 3)).not.toEqual(planKills(8, 3))
  })
})
