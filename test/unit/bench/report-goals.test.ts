/** Goals held against results, on both sides of their limits. */

import { describe, expect, it } from 'vitest'
import { GOALS, type Goal, type Target } from '../../../bench/report/goals.ts'
import { renderGoals, type Verdict, verdictsOf } from '../../../bench/report/verdicts.ts'
import type { WorkloadResult } from '../../../bench/result.ts'
import { MiB } from '../../../src/units.ts'
import { WORKLOADS } from '../../../bench/workloads/all.ts'
import { PEERS } from '../../../bench/peers/all.ts'
import { counts, peer, result, runs, sweep } from './report-fixture.ts'

/** What becomes of one goal for one result. */
function verdictOn(
  measured: WorkloadResult,
  target: Target,
  others: readonly WorkloadResult[] = [],
): Verdict | undefined {
  const goal: Goal = { title: 'Goal', workload: measured.workload, target }
  return verdictsOf([measured, ...others], [goal])[0]
}

/** The limit itself is enough, a little less is not. */
function expectLimit(measured: WorkloadResult, target: Extract<Target, { limit: number }>): void {
  expect(verdictOn(measured, target)?.met, `${target.limit}`).toBe(true)
  expect(verdictOn(measured, { ...target, limit: target.limit * 0.99 })?.met).toBe(false)
}

describe('a goal', () => {
  it('against the floor compares medians of what was divided run by run', () => {
    expectLimit(result(), { kind: 'floor', limit: 2 })
    expect(verdictOn(result(), { kind: 'floor', limit: 2 })?.measured).toBe('2.00 ± 0.70 ×')
  })

  it('against the floor takes off the cost of the CRC, when it may and it was measured', () => {
    const { peers, samples } = result()
    const measured = result({
      peers: [...peers, peer('crc32', 'floor'), peer('sha256', 'floor')],
      samples: [...samples, ...runs('crc32', [0.5, 0.5, 0.5]), ...runs('sha256', [1.2, 1.2, 1.2])],
    })
    expectLimit(measured, { kind: 'floor', limit: 1.5, plusCrc: true })
    expect(verdictOn(measured, { kind: 'floor', limit: 1.5 })?.met).toBe(false)
    const shown = verdictOn(measured, { kind: 'floor', limit: 1.5, plusCrc: true })?.measured
    expect(shown).toContain("1.50 × without the CRC's 0.25 s/GiB")
    expect(shown).toContain('SHA-256 alone costs 0.60 s/GiB')
    expect(verdictOn(result(), { kind: 'floor', limit: 1.5, plusCrc: true })?.met).toBe(false)
  })

  it('against a peer divides our cost by its own', () => {
    expectLimit(result(), { kind: 'peer', peer: 'client-s3', limit: 0.25 })
  })

  it('against every peer names the nearest, and equal cost is not enough', () => {
    const verdict = verdictOn(result(), { kind: 'every-peer' })
    expect(verdict?.measured).toBe('0.25 ± 0.09 × the nearest (@aws-sdk/client-s3)')
    expect(verdict?.met).toBe(true)
    const same = [...runs('transfer-engine', [2]), ...runs('client-s3', [2])]
    expect(verdictOn(result({ samples: same }), { kind: 'every-peer' })?.met).toBe(false)
  })

  it('against every peer also counts those that are better with their own settings', () => {
    const samples = [
      ...result().samples,
      ...runs('transfer-engine', [2], { variant: 'default' }),
      ...runs('client-s3', [1], { variant: 'default' }),
    ]
    const verdict = verdictOn(result({ samples }), { kind: 'every-peer' })
    expect(verdict?.measured).toContain('(@aws-sdk/client-s3, its own settings)')
    expect(verdict?.met).toBe(false)
  })

  it('against another workload divides our costs', () => {
    const read = result({ workload: 'read-4g', samples: runs('transfer-engine', [3]) })
    const target = { kind: 'workload', other: 'download-4g', limit: 1.5 } as const
    expect(verdictOn(read, target, [result()])?.met).toBe(true)
    expect(verdictOn(read, { ...target, limit: 1.4 }, [result()])?.met).toBe(false)
    expect(verdictOn(read, target)?.met).toBeUndefined()
  })

  it('on CPU time alone is in the unit of the workload', () => {
    const start = result({ unit: 'ms', size: 1, samples: runs('transfer-engine', [0.08]) })
    expectLimit(start, { kind: 'cost', limit: 80, unit: 'ms' })
  })

  it('on a flat cost allows that much on both sides of the middle', () => {
    expectLimit(sweep([0.85, 1.15, 1]), { kind: 'flat', limit: (1.15 - 0.85) / 2 })
    expect(verdictOn(sweep([1, 1.5, 1]), { kind: 'flat', limit: 0.15 })?.met).toBe(false)
    expect(verdictOn(sweep([1]), { kind: 'flat', limit: 0.15 })?.met).toBeUndefined()
  })

  it('on a flat cost without start-up counts what each step adds', () => {
    const withStartUp = counts(0.5, 90e-6)
    expect(verdictOn(withStartUp, { kind: 'flat', limit: 0.15 })?.met).toBe(false)
    expect(verdictOn(withStartUp, { kind: 'flat-added', limit: 0.01 })?.met).toBe(true)
    expect(verdictOn(withStartUp, { kind: 'flat-added', limit: 0.01 })?.measured).toContain('90.0')
  })
})

describe('the goal on memory', () => {
  it('takes the highest run of ours, whichever workload it was in', () => {
    const peak = { peakRss: 301 * MiB }
    const steps = [{ count: 1, size: MiB, samples: runs('transfer-engine', [1], peak) }]
    const verdict = verdictsOf([result(), sweep([], { steps })], [])[0]
    expect(verdict?.measured).toBe('301 MiB at most (sizes-download)')
    expect(verdict?.met).toBe(false)
  })

  it('does not count other programs, nor those that hold all their jobs in memory', () => {
    const large = { peakRss: 900 * MiB }
    const request = result({ group: 'request', samples: runs('transfer-engine', [1], large) })
    const other = result({ samples: runs('client-s3', [1], large) })
    expect(verdictsOf([request, other, result()], [])[0]?.met).toBe(true)
  })
})

describe('the table of goals', () => {
  it('says plainly what was met, what was not, and what was not measured', () => {
    const rows = renderGoals([result()]).split('\n')
    expect(rows.find((row) => row.includes('≤ 1.5 × the C floor |'))).toMatch(/\*\*not met\*\* \|$/)
    expect(rows.find((row) => row.includes('≤ 0.25 × @aws-sdk/client-s3'))).toMatch(/ met \|$/)
    expect(rows.find((row) => row.includes('≤ 1.4 × the C floor'))).toContain('not measured | – |')
  })

  it('has every goal even when nothing was measured', () => {
    const verdicts = verdictsOf([])
    expect(verdicts).toHaveLength(GOALS.length + 1)
    expect(new Set(verdicts.map(({ met }) => met))).toEqual(new Set([undefined]))
  })

  it('names only workloads and peers that exist', () => {
    const workloads = new Map(WORKLOADS.map((each) => [each.name, each]))
    const unknown = GOALS.filter(({ workload, target }) => {
      const found = workloads.get(workload)
      const names = [...PEERS, ...(found?.ownPeers ?? [])].map(({ name }) => name)
      return (
        found === undefined ||
        (target.kind === 'workload' && !workloads.has(target.other)) ||
        (target.kind === 'peer' && !names.includes(target.peer))
      )
    })
    expect(unknown).toEqual([])
  })
})
