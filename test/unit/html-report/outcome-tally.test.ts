import { describe, expect, it } from 'vitest'
import { DURATION_BOUNDS, LogHistogram } from '../../../src/html-report/log-histogram.ts'
import { OutcomeTally } from '../../../src/html-report/outcome-tally.ts'
import { totalOf } from '../../../src/html-report/overview.ts'
import { TopList } from '../../../src/html-report/top-list.ts'
import type { Outcome } from '../../../src/index.ts'
import { done, failed } from './run-fixture.ts'

function tallyOf(outcomes: Iterable<Outcome>): OutcomeTally {
  const tally = new OutcomeTally()
  for (const outcome of outcomes) tally.add(outcome)
  return tally
}

const removal = { operation: 'delete', reason: 'extra', path: undefined, size: 0 } as const

describe('a tally', () => {
  it('adds up to what it was told', () => {
    const tally = tallyOf([
      done('a', 100),
      { ...done('b', 20), operation: 'copy', how: 'server', resumed: true } as Outcome,
      { ...removal, name: 'x', key: 'p/x', status: 'done', attempts: 1, elapsedMs: 3 },
      { ...removal, name: 'y', key: 'p/y', status: 'planned' },
      failed('c'),
      { status: 'skipped', name: 'd', reason: 'name-collision', detail: 'a is a file' },
      { status: 'skipped', name: 'e', reason: 'folder-marker' },
    ])
    const { done: ended, failed: bad, planned, bytes } = totalOf(tally.operations)
    expect({ ended, bad, planned, bytes }).toEqual({ ended: 3, bad: 1, planned: 1, bytes: 120 })
    expect(tally.operations.map(({ operation }) => operation)).toEqual(['upload', 'copy', 'delete'])
    expect(Object.fromEntries(tally.reasons)).toEqual({ missing: 2, extra: 2 })
    expect(Object.fromEntries(tally.verified)).toEqual({ checksum: 2 })
    expect(Object.fromEntries(tally.ways)).toEqual({ server: 1 })
    expect(tally.resumed).toBe(1)
    // A removal has no size, and its time is that of many.
    expect([tally.sizes.count, tally.durations.count]).toEqual([2, 2])
    expect(tally.skipped).toMatchObject([
      {
        reason: 'name-collision',
        isFailure: true,
        count: 1,
        examples: [{ detail: 'a is a file' }],
      },
      { reason: 'folder-marker', isFailure: false, count: 1 },
    ])
  })

  it('groups failures by code, the most frequent first, with the first of each', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const tally = tallyOf([
      failed('z', 'ERR_THROTTLED', 'Slow down'),
      ...names.map((name) => failed(name)),
    ])
    expect(tally.failures).toMatchObject([
      { code: 'ERR_ACCESS_DENIED', count: 5 },
      { code: 'ERR_THROTTLED', count: 1 },
    ])
    expect(tally.failures[0]?.examples.map(({ key }) => key)).toEqual(['p/a', 'p/b', 'p/c'])
    expect(tally.failures[1]?.examples).toEqual([
      {
        operation: 'upload',
        key: 'p/z',
        message: 'Slow down',
        answer: '403 AccessDenied',
        requestId: 'id of z',
        attempt: 2,
      },
    ])
  })

  it('keeps a fixed number of names, however many there are', () => {
    const tally = new OutcomeTally()
    for (let index = 0; index < 50_000; index += 1) {
      tally.add(done(`n${index}`, (index * 7919) % 50_000, (index * 104_729) % 50_000))
      tally.add(failed(`f${index}`))
      tally.add({ status: 'skipped', name: `s${index}`, reason: 'hook' })
    }
    expect(tally.largest.map(({ size }) => size)).toEqual(
      Array.from({ length: 20 }, (_, index) => 49_999 - index),
    )
    expect(tally.slowest.map(({ elapsedMs }) => elapsedMs)).toEqual(
      Array.from({ length: 20 }, (_, index) => 49_999 - index),
    )
    expect(tally.failures).toMatchObject([{ count: 50_000 }])
    expect(tally.failures[0]?.examples).toHaveLength(3)
    expect(tally.skipped).toMatchObject([{ count: 50_000 }])
    expect(tally.skipped[0]?.examples).toHaveLength(3)
  })
})

describe('a histogram', () => {
  it('counts values by their magnitude, bounds with what is below them', () => {
    const histogram = new LogHistogram([0, 10, 100])
    for (const value of [0, 1, 10, 11, 1000]) histogram.add(value)
    expect(histogram.buckets).toEqual([
      { low: 0, high: 0, count: 1, sum: 0 },
      { low: 0, high: 10, count: 2, sum: 11 },
      { low: 10, high: 100, count: 1, sum: 11 },
      { low: 100, high: Infinity, count: 1, sum: 1000 },
    ])
    expect(new LogHistogram([1]).buckets).toEqual([])
  })

  it('tells what most do not exceed', () => {
    const histogram = new LogHistogram(DURATION_BOUNDS)
    for (let ms = 1; ms <= 1000; ms += 1) histogram.add(ms)
    expect(histogram.quantile(0.5)).toBeCloseTo(500, -1)
    expect(histogram.quantile(0.99)).toBeCloseTo(990, -1)
    expect(new LogHistogram([1]).quantile(0.5)).toBeUndefined()
  })
})

describe('a list of the largest', () => {
  it('has them in order, of equal ones the earlier', () => {
    const list = new TopList<readonly [string, number]>(3, ([, weight]) => weight)
    for (const item of [
      ['a', 1],
      ['b', 5],
      ['c', 5],
      ['d', 3],
      ['e', 5],
    ] as const)
      list.add(item)
    expect(list.items.map(([name]) => name)).toEqual(['b', 'c', 'e'])
  })
})
