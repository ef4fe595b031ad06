import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  ADDRESS_AGE_MS,
  AddressBook,
  ASK_INTERVAL_MS,
  AVOID_MS,
  FAIL_OVER_WAIT_MS,
  type Address,
} from '../../../src/network/addresses.ts'

const HOST = 'store.example.com'

interface Fixture {
  readonly book: AddressBook
  /** What the resolver says; an Error to fail. */
  answer: readonly string[] | Error | 'silence'
  asked: number
  now: number
  /** The first choices of so many connections. */
  first(count: number): Promise<string[]>
  all(): Promise<string[]>
}

function makeBook(...answer: readonly string[]): Fixture {
  const lookup = async (): Promise<readonly Address[]> => {
    fixture.asked += 1
    if (fixture.answer === 'silence') return new Promise(() => undefined)
    if (fixture.answer instanceof Error) throw fixture.answer
    return fixture.answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  const all = async (): Promise<string[]> =>
    (await fixture.book.candidates(HOST)).map(({ address }) => address)
  const fixture: Fixture = {
    book: new AddressBook(lookup, () => fixture.now),
    answer,
    asked: 0,
    now: 1_000_000,
    first: async (count) => {
      const chosen: string[] = []
      for (let index = 0; index < count; index += 1) chosen.push((await all())[0] ?? '')
      return chosen
    },
    all,
  }
  return fixture
}

function counts(chosen: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {}
  for (const address of chosen) result[address] = (result[address] ?? 0) + 1
  return result
}

describe('connections', () => {
  it('take turns at all addresses, with one question to the resolver', async () => {
    const fixture = makeBook('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4')
    expect(counts(await fixture.first(40))).toEqual({
      '10.0.0.1': 10,
      '10.0.0.2': 10,
      '10.0.0.3': 10,
      '10.0.0.4': 10,
    })
    expect(fixture.asked).toBe(1)
  })

  it('that come at the same moment ask once', async () => {
    const fixture = makeBook('10.0.0.1')
    await Promise.all([fixture.all(), fixture.all(), fixture.all()])
    expect(fixture.asked).toBe(1)
  })

  it('have every address to fall back to, the other family next', async () => {
    const fixture = makeBook('10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2')
    for (let round = 0; round < 4; round += 1) {
      const all = await fixture.all()
      expect(all.toSorted()).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2'])
      expect(all[1]?.includes(':')).toBe(!all[0]?.includes(':'))
    }
  })
})

describe('an address that failed', () => {
  it('is left to the others for a while, then tried by one connection', async () => {
    const fixture = makeBook('10.0.0.1', '10.0.0.2', '10.0.0.3')
    await fixture.all()
    fixture.book.failed(HOST, '10.0.0.2')
    expect(counts(await fixture.first(30))).toEqual({
      '10.0.0.1': expect.any(Number),
      '10.0.0.3': expect.any(Number),
    })
    expect((await fixture.all()).at(-1), 'it is the last resort').toBe('10.0.0.2')
    fixture.now += AVOID_MS
    expect(counts(await fixture.first(30))['10.0.0.2']).toBe(1)
    fixture.book.stood(HOST, '10.0.0.2')
    expect(counts(await fixture.first(30))['10.0.0.2'], 'it is as good as any again').toBe(10)
  })

  it('is left twice as long each time', async () => {
    const fixture = makeBook('10.0.0.1', '10.0.0.2')
    await fixture.all()
    fixture.book.failed(HOST, '10.0.0.2')
    fixture.book.failed(HOST, '10.0.0.2')
    fixture.now += AVOID_MS
    expect(counts(await fixture.first(10))).toEqual({ '10.0.0.1': 10 })
    fixture.now += AVOID_MS
    expect(counts(await fixture.first(10))['10.0.0.2']).toBe(1)
  })

  it('is tried all the same where there is no other', async () => {
    const fixture = makeBook('10.0.0.1', '10.0.0.2')
    await fixture.all()
    fixture.book.failed(HOST, '10.0.0.1')
    fixture.now += 10
    fixture.book.failed(HOST, '10.0.0.2')
    expect(await fixture.all(), 'the one that failed first comes first').toEqual([
      '10.0.0.1',
      '10.0.0.2',
    ])
  })
})

describe('a name', () => {
  it('is asked for again when its answer is old, while that one serves', async () => {
    const fixture = makeBook('10.0.0.1')
    await fixture.all()
    fixture.answer = ['10.0.0.9']
    fixture.now += ADDRESS_AGE_MS - 1
    expect(await fixture.all()).toEqual(['10.0.0.1'])
    fixture.now += 1
    expect(await fixture.all()).toEqual(['10.0.0.1'])
    await nextTurn()
    expect(await fixture.all()).toEqual(['10.0.0.9'])
    expect(fixture.asked).toBe(2)
  })

  it('keeps its addresses while the resolver does not answer', async () => {
    const fixture = makeBook('10.0.0.1')
    await fixture.all()
    fixture.answer = 'silence'
    fixture.now += ADDRESS_AGE_MS
    expect(await fixture.first(3)).toEqual(Array(3).fill('10.0.0.1'))
    expect(fixture.asked).toBe(2)
  })

  it('is waited for a moment after a failure, and once while the resolver does not answer', async () => {
    const fixture = makeBook('10.0.0.1')
    await fixture.all()
    fixture.book.failed(HOST, '10.0.0.1')
    fixture.now += ASK_INTERVAL_MS
    fixture.answer = 'silence'
    const startedAt = performance.now()
    expect(await fixture.all()).toEqual(['10.0.0.1'])
    // A timer may be a little early.
    expect(performance.now() - startedAt).toBeGreaterThan(FAIL_OVER_WAIT_MS - 5)
    fixture.now += FAIL_OVER_WAIT_MS
    const setTimer = vi.spyOn(globalThis, 'setTimeout')
    expect(await fixture.first(3)).toEqual(Array(3).fill('10.0.0.1'))
    expect(setTimer).not.toHaveBeenCalled()
    setTimer.mockRestore()
  })

  it('is asked for again soon after a failure, but not by each of a hundred', async () => {
    const fixture = makeBook('10.0.0.1', '10.0.0.2')
    await fixture.all()
    fixture.now += ASK_INTERVAL_MS
    fixture.answer = ['10.0.0.2', '10.0.0.3']
    for (let count = 0; count < 100; count += 1) {
      fixture.book.failed(HOST, '10.0.0.1')
      await fixture.all()
    }
    expect(fixture.asked).toBe(2)
    expect((await fixture.all()).toSorted()).toEqual(['10.0.0.2', '10.0.0.3'])
    for (const address of ['10.0.0.2', '10.0.0.3', '10.0.0.2']) {
      fixture.book.failed(HOST, address)
      await fixture.all()
    }
    expect(fixture.asked, 'not within a second').toBe(2)
    fixture.now += ASK_INTERVAL_MS
    await fixture.all()
    expect(fixture.asked).toBe(3)
  })

  it('keeps its addresses, and what is known of them, while the resolver fails', async () => {
    const fixture = makeBook('10.0.0.1', '10.0.0.2')
    await fixture.all()
    fixture.now += ADDRESS_AGE_MS
    fixture.book.failed(HOST, '10.0.0.2')
    fixture.answer = new Error('no resolver')
    expect(await fixture.first(4)).toEqual(Array(4).fill('10.0.0.1'))
  })

  it('is forgotten when many others came after it', async () => {
    const fixture = makeBook('10.0.0.1')
    await fixture.all()
    for (let count = 0; count < 255; count += 1) await fixture.book.candidates(`host-${count}`)
    await fixture.all()
    expect(fixture.asked).toBe(256)
    await fixture.book.candidates('one-more')
    await fixture.all()
    expect(fixture.asked).toBe(258)
  })

  it('that has never been known fails as the resolver says', async () => {
    const fixture = makeBook()
    fixture.answer = Object.assign(new Error('who?'), { code: 'ENOTFOUND' })
    await expect(fixture.all()).rejects.toMatchObject({ code: 'ENOTFOUND' })
    fixture.answer = ['10.0.0.1']
    expect(await fixture.all(), 'the failure is not remembered').toEqual(['10.0.0.1'])
  })
})
