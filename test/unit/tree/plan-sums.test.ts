import { describe, expect, it } from 'vitest'
import { AWS_LIMITS } from '../../../src/plan/limits.ts'
import { PROFILES } from '../../../src/store/profiles.ts'
import type { TreeAction } from '../../../src/tree/outcome.ts'
import { PlanSums, type PartSizes, type TreePlan } from '../../../src/tree/plan-sums.ts'
import { KiB, MiB } from '../../../src/units.ts'

const NOTHING = { pages: 0, heads: 0 }

function action(
  operation: TreeAction['operation'],
  size = 0,
  path: string | undefined = '/a',
): TreeAction {
  return { operation, name: 'a', key: 'a', path, size, reason: 'copy' }
}

function requests(
  operation: TreeAction['operation'],
  size: number,
  sizes: PartSizes = {},
): Partial<TreePlan['requests']> {
  const sums = new PlanSums()
  sums.add(action(operation, size), sizes)
  const all = Object.entries(sums.total(NOTHING).requests)
  return Object.fromEntries(all.filter(([, count]) => count > 0))
}

describe('the sums of a plan', () => {
  it('have objects, bytes and requests each way', () => {
    const sums = new PlanSums()
    for (const size of [0, 1, 2]) sums.add(action('upload', size), {})
    for (const size of [10, 20]) sums.add(action('download', size), {})
    const removed = Array.from({ length: 1001 }, () => action('delete'))
    for (const { path: _, ...each } of removed) sums.add({ ...each, path: undefined }, {})
    sums.add(action('delete'), {})
    expect(sums.total({ pages: 3, heads: 5 })).toEqual({
      uploads: 3,
      downloads: 2,
      copies: 0,
      bytesCopied: 0,
      deletions: 1002,
      moves: 0,
      bytesUp: 3,
      bytesDown: 30,
      // Files are removed without a request.
      requests: { PUT: 3, GET: 2, HEAD: 5, LIST: 3, DELETE: 2 },
    })
    const onesAtATime = sums.total({ ...NOTHING, keysPerDelete: 1 })
    expect(onesAtATime.requests.DELETE).toBe(1001)
  })

  it.each([
    ['a small one that was listed', KiB, '"e"', true, { PUT: 1, GET: 1 }],
    ['a small one that was only named', KiB, undefined, true, { PUT: 1, GET: 1, HEAD: 2 }],
    ['a small one that was made in parts', KiB, '"e-1"', true, { PUT: 1, GET: 1, HEAD: 2 }],
    ['a larger one', MiB, '"e"', true, { PUT: 1, GET: 1, HEAD: 2 }],
    ['one that the store copies', KiB, '"e"', false, { PUT: 1, HEAD: 2 }],
  ])('have the requests of a copy of %s', (_, size, sourceEtag, relayed, wanted) => {
    const sums = new PlanSums()
    sums.add({ ...action('copy', size), sourceEtag }, {}, relayed)
    const all = Object.entries(sums.total(NOTHING).requests)
    expect(Object.fromEntries(all.filter(([, count]) => count > 0))).toEqual(wanted)
  })

  it('have a request for each object that is moved, and none for a file', () => {
    const sums = new PlanSums()
    for (const size of [1, 2, 3]) sums.add({ ...action('upload', size), move: true }, {})
    for (const size of [1, 2]) sums.add({ ...action('download', size), move: true }, {})
    expect(sums.total(NOTHING)).toMatchObject({
      uploads: 3,
      downloads: 2,
      deletions: 0,
      moves: 5,
      requests: { PUT: 3, GET: 2, DELETE: 2 },
    })
  })

  it.each([
    [0, {}, { PUT: 1 }],
    [15 * MiB, {}, { PUT: 1 }],
    [16 * MiB, {}, { PUT: 2 + 2, HEAD: 1 }],
    [16 * MiB, { partSize: 5 * MiB }, { PUT: 4 + 2, HEAD: 1 }],
    [16 * MiB, { multipartThreshold: 17 * MiB }, { PUT: 1 }],
    [65 * MiB, { limits: PROFILES.storj.limits }, { PUT: 2 + 2, HEAD: 1 }],
    [65 * MiB, { limits: { ...AWS_LIMITS, partsMax: 3 } }, { PUT: 3 + 2, HEAD: 1 }],
  ])('count what %d bytes take to go up with %j', (size, sizes, expected) => {
    expect(requests('upload', size, sizes)).toEqual(expected)
  })

  it.each([
    [0, {}, { GET: 1 }],
    [256 * KiB, {}, { GET: 1 }],
    [257 * KiB, {}, { GET: 1, HEAD: 1 }],
    [1000, { partSize: 300 }, { GET: 4, HEAD: 1 }],
    [20 * MiB, {}, { GET: 3, HEAD: 1 }],
  ])('count what %d bytes take to come down with %j', (size, sizes, expected) => {
    expect(requests('download', size, sizes)).toEqual(expected)
  })
})
