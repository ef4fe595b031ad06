/** Transfers by the command that is killed at any moment, and run again until they are done. */

import { describe, expect, test } from 'vitest'
import { runDist } from '../helpers/run-dist.ts'
import { planKills } from '../killloop/plan.ts'

describe('a kill loop', () => {
  test('of some rounds ends with all bytes in place, few of them moved twice, and nothing left', async () => {
    const { code, said } = await runDist('killloop/run.js', ['--seed', '1', '--rounds', '6'])
    expect(code, `it ends well: ${said}`).toBe(0)
    const [, totals = '{}'] = /^passed: (.*)$/m.exec(said) ?? []
    const { kills, resumed } = JSON.parse(totals) as { kills: number; resumed: number }
    // Otherwise nothing was put to the test.
    expect(kills).toBeGreaterThan(3)
    expect(resumed).toBeGreaterThan(1)
  })

  test('does the same for the same seed and round, and something else for others', () => {
    expect(planKills(7, 3)).toEqual(planKills(7, 3))
    expect(planKills(7, 3)).not.toEqual(planKills(7, 4))
    expect(planKills(7, 3)).not.toEqual(planKills(8, 3))
  })
})
