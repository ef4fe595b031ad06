import { describe, expect, test } from 'vitest'
import { runDist } from '../helpers/run-dist.ts'
import { planRound } from '../soak/plan.ts'

describe('a soak', () => {
  test('of some rounds ends with all bytes in place and nothing left', async () => {
    const { code, said } = await runDist('soak/run.js', ['--seed', '20', '--rounds', '4'])
    expect(said).toContain('passed')
    expect(code, `it ends well: ${said}`).toBe(0)
  })

  test('does the same for the same seed and round, and something else for others', () => {
    expect(planRound(7, 3)).toEqual(planRound(7, 3))
    expect(planRound(7, 3)).not.toEqual(planRound(7, 4))
    expect(planRound(7, 3)).not.toEqual(planRound(8, 3))
  })
})
