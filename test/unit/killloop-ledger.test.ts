/** The books of the kill loop find what was sent without need. */

import { describe, expect, test } from 'vitest'
import { checkSends, type LedgerTerms, type RunRecord, type Send } from '../killloop/ledger.ts'

const KILLED_AT = 10_000

const UPLOAD: LedgerTerms = { direction: 'upload', isInParts: true, inFlight: 2, storeKills: 0 }
const DOWNLOAD: LedgerTerms = { ...UPLOAD, direction: 'download' }

function sends(parts: readonly number[], how: Partial<Send> = {}): readonly Send[] {
  return parts.map((part) => ({ upload: 'u', part, at: 1000, life: 1, ...how }))
}

function arrivals(parts: readonly number[], at = 2000): ReadonlyMap<number, number> {
  return new Map(parts.map((part) => [part, at]))
}

function safe(parts: readonly number[], upload = 'u'): ReadonlySet<string> {
  return new Set(parts.map((part) => `${upload}/${part}`))
}

function run(how: Partial<RunRecord>): RunRecord {
  return {
    safe: new Set(),
    sends: [],
    arrived: new Map(),
    killedAt: undefined,
    hasFailed: false,
    ...how,
  }
}

describe('the books of an upload', () => {
  const killed = run({ sends: sends([1, 2, 3]), arrived: arrivals([1]), killedAt: KILLED_AT })

  test('balance when only what was in flight at the kill is sent again', () => {
    const last = run({ safe: safe([1]), sends: sends([2, 3, 4]) })
    expect(checkSends([killed, last], UPLOAD)).toEqual({ sends: 6, again: 2 })
  })

  test('do not when a part is sent again that the store had', () => {
    const last = run({ safe: safe([1, 2]), sends: sends([2, 3, 4]) })
    expect(() => checkSends([killed, last], UPLOAD)).toThrow(/u\/2 is not sent again: it was safe/)
  })

  test('do not when a part is sent twice in one run', () => {
    const last = run({ safe: safe([1]), sends: sends([2, 3, 3]) })
    expect(() => checkSends([killed, last], UPLOAD)).toThrow(/u\/3 is sent once while/)
  })

  test('do not when another upload gets parts, though none had failed', () => {
    const last = run({ sends: sends([1, 2, 3, 4], { upload: 'v' }), safe: safe([1]) })
    expect(() => checkSends([killed, last], UPLOAD)).toThrow(/2 uploads got parts/)
  })

  test('do not when the store has not what was said to have arrived', () => {
    const last = run({ safe: safe([]), sends: sends([2, 3]) })
    expect(() => checkSends([killed, last], UPLOAD)).toThrow(/part 1 is in the store/)
  })

  test('do not when more was in flight at the kill than may be', () => {
    const busy = run({ sends: sends([1, 2, 3]), killedAt: KILLED_AT })
    expect(() => checkSends([busy, run({})], UPLOAD)).toThrow(/3 parts were in flight/)
  })

  test('do not when a part is sent again over a store that was killed, though it had arrived', () => {
    const terms = { ...UPLOAD, storeKills: 1 }
    const late = { life: 2, at: 3000 }
    const again = run({ sends: [...sends([1, 2]), ...sends([2], late)], arrived: arrivals([1]) })
    expect(checkSends([again], terms)).toEqual({ sends: 3, again: 1 })
    const needless = { ...again, arrived: arrivals([1, 2]) }
    expect(() => checkSends([needless], terms)).toThrow(/u\/2 is not sent again: it had arrived/)
  })

  test('do not when more was sent again than kills can account for', () => {
    const last = run({ sends: [...sends([1, 2]), ...sends([1, 2], { life: 2 })] })
    expect(() => checkSends([last], UPLOAD)).toThrow(/2 parts were sent again, 0 at most/)
  })
})

describe('the books of a download', () => {
  const ranges = { upload: '' }
  const first = { sends: sends([1, 2, 3, 4], ranges), killedAt: KILLED_AT }

  test('balance when what arrived just before the kill is fetched again', () => {
    const arrived = new Map([...arrivals([1]), ...arrivals([2], KILLED_AT - 100)])
    const last = run({ safe: safe([1], ''), sends: sends([2, 3, 4], ranges) })
    expect(checkSends([run({ ...first, arrived }), last], DOWNLOAD)).toEqual({ sends: 7, again: 3 })
  })

  test('do not when the journal lacks what had arrived long before', () => {
    const last = run({ safe: safe([1], ''), sends: sends([2, 3, 4], ranges) })
    const killed = run({ ...first, arrived: arrivals([1, 2]) })
    expect(() => checkSends([killed, last], DOWNLOAD)).toThrow(/part 2 is in the journal/)
  })

  test('do not when a range is fetched again that the journal had', () => {
    const last = run({ safe: safe([1, 2], ''), sends: sends([2, 3, 4], ranges) })
    const killed = run({ ...first, arrived: arrivals([1, 2]) })
    expect(() => checkSends([killed, last], DOWNLOAD)).toThrow(/\/2 is not sent again: it was safe/)
  })
})
