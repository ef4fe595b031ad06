/** The adaptation on simulated stores, with other chances than those of the plots. */

import { describe, expect, it } from 'vitest'
import { runScenario } from '../../bench/simulation/run-scenario.ts'
import { SCENARIOS } from '../../bench/simulation/scenarios.ts'

describe('adaptation', () => {
  it.each(SCENARIOS.map((scenario) => [scenario.title, scenario] as const))(
    '%s: reaches nine tenths of what is achievable, by chance of any seed',
    (_, scenario) => {
      for (const seed of [1, 20, 300]) {
        const run = runScenario(scenario, seed)
        expect(run.reached, `seed ${seed}`).toBeGreaterThanOrEqual(0.9)
        expect(run.fairness, `seed ${seed}`).toBeGreaterThanOrEqual(0.9)
        if (scenario.store.throttle !== undefined) {
          expect(run.refused, `seed ${seed}`).toBeLessThan(0.05)
        }
      }
    },
  )
})
