import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SharedState } from '../../../src/pool/shared-state.ts'
import { Allowance } from '../../../workers/allowance.ts'
import type { ReadPace } from '../../../workers/socket-reader.ts'

const RATE = 1_000_000
/** A fifth of a second, divided among eight. */
const STEP = 25_000
const SHARERS = 8

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

class FakeConnection {
  pace: ReadPace | undefined
  readonly log: string[] = []

  hold(): void {
    this.log.push('hold')
  }

  resume(): void {
    this.log.push('resume')
  }
}

const NOBODY = { hold: () => undefined }

function setUp(rate = RATE) {
  const { bandwidth } = new SharedState(SHARERS)
  bandwidth.set(rate)
  let heldBackMs = 0
  const state = { bandwidth, add: (_: unknown, ms: number) => void (heldBackMs += ms) }
  const connection = new FakeConnection()
  /** Where the line ends; no time passes between two looks. */
  const end = (): number => bandwidth.take(0)
  return { bandwidth, state, connection, end, heldBackMs: () => heldBackMs }
}

describe('an allowance to receive', () => {
  it('pauses when what was paid for has come, until the next step has its turn', async () => {
    const { state, connection, heldBackMs } = setUp()
    const allowance = Allowance.toReceive(state, 1e9, 'http://host')
    await allowance.begin(NOBODY)
    allowance.attach(connection)
    expect(allowance.took(STEP - 1)).toBe(true)
    expect(allowance.took(1)).toBe(false)
    expect(connection.log).toEqual(['hold'])
    await vi.advanceTimersByTimeAsync(24)
    expect(connection.log).toEqual(['hold'])
    await vi.advanceTimersByTimeAsync(2)
    expect(connection.log).toEqual(['hold', 'resume'])
    expect(heldBackMs()).toBeCloseTo(25, -1)
    expect(allowance.took(STEP - 1)).toBe(true)
  })

  it('pauses again for what came although it had paused', async () => {
    const { state, connection } = setUp()
    const allowance = Allowance.toReceive(state, 1e9, 'http://host')
    await allowance.begin(NOBODY)
    allowance.attach(connection)
    allowance.took(STEP)
    expect(allowance.took(10 * STEP)).toBe(false)
    await vi.advanceTimersByTimeAsync(260)
    expect(connection.log.at(-1)).toBe('hold')
    await vi.advanceTimersByTimeAsync(60)
    expect(connection.log.at(-1)).toBe('resume')
  })

  it.each([
    ['less', 300],
    ['more', 90_000],
  ])('settles what came when it was %s than paid for', async (_, bytes) => {
    const { state, connection, end } = setUp()
    const before = end()
    const allowance = Allowance.toReceive(state, 4096, 'http://host')
    await allowance.begin(NOBODY)
    allowance.attach(connection)
    allowance.took(bytes)
    allowance.end()
    expect(end() - before).toBe(bytes)
    expect(connection.pace).toBeUndefined()
    expect(connection.log.filter((each) => each === 'hold')).toHaveLength(connection.log.length / 2)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asks for as much as a cipher brings at once', async () => {
    const { state, end } = setUp()
    const before = end()
    const allowance = Allowance.toReceive(state, 1e9, 'https://host')
    await allowance.begin(NOBODY)
    expect(end() - before).toBe(64 * 1024)
    allowance.end()
    expect(end()).toBe(before)
  })
})

describe('an allowance to send', () => {
  it('admits what was paid for, then a step at a time', async () => {
    const { state } = setUp()
    const allowance = Allowance.toSend(state, 40_000)
    await allowance.begin(NOBODY)
    expect(await allowance.admit(40_000)).toBe(STEP)
    const next = allowance.admit(15_000)
    await vi.advanceTimersByTimeAsync(30)
    expect(await next).toBe(15_000)
  })

  it('admits nothing more once it is over', async () => {
    const { state, connection, end } = setUp(1000)
    const before = end()
    const allowance = Allowance.toSend(state, 1e9)
    await allowance.begin(NOBODY)
    allowance.attach(connection)
    const sent = await allowance.admit(1e9)
    const waiting = allowance.admit(1e9)
    expect(connection.log).toEqual(['hold'])
    allowance.end()
    expect(await waiting).toBe(0)
    expect(await allowance.admit(5)).toBe(0)
    expect(connection.log).toEqual(['hold', 'resume'])
    expect(end() - before).toBe(sent)
  })

  it('is stopped with what its token is stopped with', async () => {
    const { state, bandwidth, end } = setUp()
    bandwidth.take(60 * RATE)
    const before = end()
    const error = new Error('enough')
    let stop: ((error: never) => void) | undefined
    const allowance = Allowance.toSend(state, 1000)
    const begun = allowance.begin({ hold: (given) => void (stop = given) })
    stop?.(error as never)
    await expect(begun).rejects.toBe(error)
    expect([end() - before, vi.getTimerCount()]).toEqual([0, 0])
  })
})

describe('an allowance that waits while the limit changes', () => {
  it('asks for a step of the new limit, and no more stands in the line', async () => {
    const { state, bandwidth, end } = setUp(100 * RATE)
    bandwidth.take(100 * RATE)
    const before = end()
    const allowance = Allowance.toSend(state, 1e9)
    const begun = allowance.begin(NOBODY)
    expect(end() - before).toBe(256 * 1024)
    bandwidth.set(RATE)
    await vi.advanceTimersByTimeAsync(250)
    expect(end() - before).toBe(STEP)
    bandwidth.set(0)
    await vi.advanceTimersByTimeAsync(250)
    await begun
    expect(await allowance.admit(1e9)).toBe(1e9)
  })

  it('costs nothing where there is none', async () => {
    const { state, connection, end } = setUp(0)
    const before = end()
    const allowance = Allowance.toReceive(state, 1e9, 'http://host')
    await allowance.begin(NOBODY)
    allowance.attach(connection)
    expect(allowance.took(1e9)).toBe(true)
    allowance.end()
    expect([end() - before, connection.log.length, vi.getTimerCount()]).toEqual([0, 0, 0])
  })
})

describe('an allowance that waits', () => {
  it('waits for nobody who has gone', async () => {
    const { state, connection } = setUp()
    const others = Array.from({ length: 50 }, () => Allowance.toSend(state, 1e9))
    for (const other of others) void other.begin(NOBODY)
    const allowance = Allowance.toSend(state, 1e9)
    let isOn = false
    void allowance.begin(NOBODY).then(() => (isOn = true))
    allowance.attach(connection)
    await vi.advanceTimersByTimeAsync(10)
    expect(isOn).toBe(false)
    for (const other of others) other.end()
    // The next look is at most a fifth of a second away.
    await vi.advanceTimersByTimeAsync(250)
    expect(isOn).toBe(true)
  })

  it('is served soon after the limit was lowered, however many wait', async () => {
    const { bandwidth, state } = setUp(100_000_000)
    const moved: number[] = []
    const all = Array.from({ length: 64 }, async (_, index) => {
      const allowance = Allowance.toSend(state, 1e12)
      await allowance.begin(NOBODY)
      for (;;) {
        const bytes = await allowance.admit(256 * 1024)
        if (bytes === 0) return
        moved[index] = (moved[index] ?? 0) + bytes
      }
    })
    void Promise.all(all)
    await vi.advanceTimersByTimeAsync(1000)
    bandwidth.set(1_000_000)
    moved.fill(0)
    await vi.advanceTimersByTimeAsync(3000)
    expect(moved.filter((bytes) => bytes === 0)).toEqual([])
  })
})
