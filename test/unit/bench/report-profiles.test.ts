import { expect, it } from 'vitest'
import { type ProfileResult, renderProfiles } from '../../../bench/report/profiles.ts'

function profile(workload: string, shares: ProfileResult['shares']): ProfileResult {
  const title = `Title of ${workload}`
  return { workload, title, cost: '1.23 s/GiB', date: '2026-01-31', command: 'npm run x', shares }
}

it('has a column for each workload, the dearest kind of work first', () => {
  const text = renderProfiles([
    profile('a', [
      { name: 'kernel', share: 0.7 },
      { name: 'hashes', share: 0.1 },
    ]),
    profile('b', [
      { name: 'hashes', share: 0.9 },
      { name: 'rest', share: 0.004 },
    ]),
  ])
  expect(text).toContain(
    [
      '|  | a | b |',
      '| --- | ---: | ---: |',
      '| hashes | 10 % | 90 % |',
      '| kernel | 70 % |  |',
    ].join('\n'),
  )
  expect(text).toContain('- Title of a: 1.23 s/GiB in that run, 2026-01-31. `npm run x`')
})
