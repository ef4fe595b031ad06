import { expect, it } from 'vitest'

import { RetryBudget } from '../../../src/transfer/retry-budget.ts'

it('lets every transfer fail a number of times, and then as often as it succeeds', () => {
  const budget = new RetryBudget(8)
  for (let failure = 0; failure < 32; failure += 1) expect(budget.take()).toBe(true)
  expect(budget.take()).toBe(false)
  for (let part = 0; part < 10; part += 1) budget.noteProgress()
  const taken = Array.from({ length: 20 }, () => budget.take())
  expect(taken.filter(Boolean)).toHaveLength(9)
  expect(budget).toMatchObject({ succeeded: 10, failed: 53 })
})

it('lets what may be in flight fail four times before the first success', () => {
  const budget = new RetryBudget(256)
  for (let failure = 0; failure < 4 * 256; failure += 1) expect(budget.take()).toBe(true)
  expect(budget.take()).toBe(false)
})
