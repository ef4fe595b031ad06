import { describe, expect, it } from 'vitest'
import { OneJobGuess } from '../../../src/transfer/one-job-guess.ts'

/** Objects of so many that are tried, each with that outcome. */
function tried(guess: OneJobGuess, count: number, didDo: boolean): number {
  let tries = 0
  for (let index = 0; index < count; index += 1) {
    if (!guess.mayTry()) continue
    tries += 1
    guess.note(didDo)
  }
  return tries
}

describe('OneJobGuess', () => {
  it('tries all while one job does', () => {
    expect(tried(new OneJobGuess(), 1000, true)).toBe(1000)
  })

  it('tries hardly any where one job never does', () => {
    expect(tried(new OneJobGuess(), 1000, false)).toBeLessThan(12)
  })

  it('leaves out few after a single one that needed more', () => {
    const guess = new OneJobGuess()
    tried(guess, 10, true)
    tried(guess, 1, false)
    expect(tried(guess, 1000, true)).toBe(996)
  })

  it('counts those that were tried at the same time once', () => {
    const guess = new OneJobGuess()
    for (let index = 0; index < 16; index += 1) guess.mayTry()
    for (let index = 0; index < 16; index += 1) guess.note(false)
    expect(tried(guess, 1000, true)).toBe(996)
  })
})
