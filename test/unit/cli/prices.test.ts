import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planLine, planText } from '../../../src/cli/plan-text.ts'
import { costOf, readPrices } from '../../../src/cli/prices.ts'
import { isUsageError } from '../../../src/cli/usage-error.ts'
import type { TreePlan } from '../../../src/index.ts'
import { GiB } from '../../../src/units.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()

const PLAN: TreePlan = {
  uploads: 1,
  copies: 0,
  bytesCopied: 0,
  downloads: 2,
  deletions: 0,
  moves: 0,
  bytesUp: 2 * GiB,
  bytesDown: 3 * GiB,
  requests: { PUT: 10_000, GET: 5000, HEAD: 0, LIST: 2000, DELETE: 0 },
}

function file(content: unknown): string {
  const path = join(directory(), 'prices.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const PRICES = {
  currency: 'USD',
  per1000: { PUT: 0.005, GET: 0.0004, LIST: 0.005 },
  perGiB: { egress: 0.09, storageMonth: 0.023 },
}

describe('the cost of a plan', () => {
  it('is that of its requests, of what comes down, and of a month of what goes up', () => {
    const cost = costOf(PLAN, readPrices(file(PRICES)))
    expect(cost.currency).toBe('USD')
    expect(cost.requests).toBeCloseTo(10 * 0.005 + 5 * 0.0004 + 2 * 0.005, 10)
    expect(cost.egress).toBeCloseTo(0.27, 10)
    expect(cost.total).toBeCloseTo(0.332, 10)
    expect(cost.storageMonth).toBeCloseTo(0.046, 10)
    expect(cost.unpriced).toEqual([])
    expect(planText(PLAN, cost)).toBe(
      'requests, at the least: 10000 PUT, 5000 GET, 2000 LIST\n' +
        'expected cost: 0.3320 USD (requests 0.0620 USD, egress 0.2700 USD), ' +
        'and 0.0460 USD a month for storage\n',
    )
  })

  it('names what has no price, and invents none', () => {
    const cost = costOf(PLAN, readPrices(file({ per1000: { PUT: 1 } })))
    expect(cost).toEqual({
      currency: '',
      requests: 10,
      egress: 0,
      total: 10,
      storageMonth: 0,
      unpriced: ['GET', 'LIST', 'egress', 'storageMonth'],
    })
    expect(planText(PLAN, cost)).toMatch(/not counted: GET, LIST, egress, storageMonth\n$/)
  })

  it.each([
    ['nonsense', /no JSON/],
    [[], /an object/],
    [{ per1000: { PUTT: 1 } }, /'PUTT'; it may have PUT, GET/],
    [{ per1000: { PUT: '1' } }, /per1000.PUT to be a price/],
    [{ perGiB: { egress: -1 } }, /perGiB.egress to be a price/],
    [{ perGiB: 3 }, /perGiB to be an object/],
    [{ currency: 3 }, /currency/],
    [{ prices: {} }, /'prices', which is no price/],
  ])('is refused for %j', (content, message) => {
    expect(() => readPrices(file(content))).toThrow(message)
  })

  it('is refused for a file that is not there, as wrong usage', () => {
    try {
      readPrices(join(directory(), 'missing'))
      expect.unreachable()
    } catch (error) {
      expect(isUsageError(error)).toBe(true)
      expect(String(error)).toMatch(/ENOENT/)
    }
  })
})

describe('a plan in words', () => {
  it('has what there is', () => {
    expect(planLine(PLAN)).toBe('1 upload of 2 GiB, 2 downloads of 3 GiB')
    const none = { ...PLAN, uploads: 0, downloads: 0, deletions: 2 }
    expect(planLine(none)).toBe('2 deletions')
    const requests = { PUT: 0, GET: 0, HEAD: 0, LIST: 0, DELETE: 0 }
    expect(planText({ ...PLAN, requests }, undefined)).toBe('')
  })
})
