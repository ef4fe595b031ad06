import { describe, expect, it } from 'vitest'
import { chooseJobs } from '../../../src/cli/resume-choice.ts'
import type { ResumableJob } from '../../../src/index.ts'

const JOBS = ['aa11', 'aa22', 'bb33'].map((id) => ({ id }) as ResumableJob)
const NONE = { ids: [], all: false, list: false }

function chosen(choice: Partial<typeof NONE> | { readonly ids: readonly string[] }): string[] {
  return chooseJobs(JOBS, { ...NONE, ...choice }).map(({ id }) => id)
}

describe('the transfers that are meant', () => {
  it('are all of them, for --all and for a list of nothing in particular', () => {
    expect(chosen({ all: true })).toEqual(['aa11', 'aa22', 'bb33'])
    expect(chosen({ list: true })).toEqual(['aa11', 'aa22', 'bb33'])
  })

  it('are named by as much of their ID as tells them apart, each once, in the order given', () => {
    expect(chosen({ ids: ['BB', 'aa2', 'aa22'] })).toEqual(['bb33', 'aa22'])
  })

  it.each([
    ['nothing', NONE, /Say which/],
    ['an ID that is of several', { ...NONE, ids: ['aa'] }, /beginning of 2 IDs/],
    ['an ID of none', { ...NONE, ids: ['aa11', 'cc'] }, /'cc' can be gone on with/],
    ['an empty ID', { ...NONE, ids: [''] }, /''/],
    ['an ID and --all', { ...NONE, ids: ['aa11'], all: true }, /not both/],
  ])('are not said by %s', (_, choice, message) => {
    expect(() => chooseJobs(JOBS, choice)).toThrow(message)
  })
})
