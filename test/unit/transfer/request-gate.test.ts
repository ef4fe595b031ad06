import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RequestEnd } from '../../../src/adapt/request-limit.ts'
import { RequestGate, type RequestPermit } from '../../../src/transfer/request-gate.ts'
import type { RequestKind } from '../../../src/transfer/request-lane.ts'
import { RunStop } from '../../../src/transfer/run-stop.ts'

const MiB = 1024 * 1024
const never = new RunStop()
const GET: RequestKind = { bucket: 'a', operation: 'GetObject' }
const PUT: RequestKind = { bucket: 'a', operation: 'PutObject' }
const GET_B: RequestKind = { bucket: 'b', operation: 'GetObject' }

/** What one request after the other has moved; the tests say how much. */
let moved = 0

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
  moved = 0
})
afterEach(() => void vi.useRealTimers())

function gateOf(capacity: number): RequestGate {
  return new RequestGate(capacity, () => moved)
}

async function take(
  gate: RequestGate,
  kind: RequestKind | undefined,
  count: number,
): Promise<RequestPermit[]> {
  const permits = await Promise.all(
    Array.from({ length: count }, () => gate.acquire(kind, 1, never)),
  )
  for (const permit of permits) permit.begin()
  return permits
}

function giveBack(permits: readonly RequestPermit[], how: RequestEnd): void {
  for (const permit of permits) permit.release(how, how === 'done' ? MiB : 0)
}

/** Asks, and notes the name in `order` when it is its turn. */
function ask(
  gate: RequestGate,
  kind: RequestKind,
  sequence: number,
  order: string[],
  name: string,
): void {
  void gate.acquire(kind, sequence, never).then(() => order.push(name))
}

describe('RequestGate', () => {
  it('lets so many requests of a kind start as its limit says, and shows it', async () => {
    const gate = gateOf(256)
    await take(gate, GET, 16)
    const order: string[] = []
    ask(gate, GET, 1, order, 'one more')
    await vi.advanceTimersByTimeAsync(0)
    expect(order).toEqual([])
    expect(gate.limits()).toEqual([
      { ...GET, limit: 16, inFlight: 16, waiting: 1, requestRate: undefined },
    ])
    expect(gate).toMatchObject({ taken: 16, waiting: 1, capacity: 256 })
  })

  it('lets other operations and buckets start meanwhile', async () => {
    const gate = gateOf(256)
    await take(gate, GET, 16)
    void gate.acquire(GET, 1, never)
    expect(gate.hasRoom(GET)).toBe(false)
    expect(gate.hasRoom(PUT)).toBe(true)
    await take(gate, PUT, 16)
    await take(gate, GET_B, 16)
    expect(gate.taken).toBe(48)
  })

  it('serves the transfer that came first, whatever the kind', async () => {
    const gate = gateOf(2)
    const [first, second] = await take(gate, GET, 2)
    const order: string[] = []
    ask(gate, GET, 4, order, 'fourth')
    ask(gate, PUT, 2, order, 'second')
    ask(gate, GET_B, 3, order, 'third')
    first?.release('done', 1)
    await vi.advanceTimersByTimeAsync(0)
    second?.release('done', 1)
    await vi.advanceTimersByTimeAsync(0)
    expect(order).toEqual(['second', 'third'])
  })

  it('serves a later transfer of another kind where the first has to wait for its limit', async () => {
    const gate = gateOf(17)
    const gets = await take(gate, GET, 16)
    const [put] = await take(gate, PUT, 1)
    const order: string[] = []
    ask(gate, GET, 1, order, 'get')
    ask(gate, PUT, 9, order, 'put')
    put?.release('done', 1)
    await vi.advanceTimersByTimeAsync(0)
    expect(order).toEqual(['put'])
    gets[0]?.release('done', 1)
    await vi.advanceTimersByTimeAsync(0)
    expect(order).toEqual(['put', 'get'])
  })

  it('counts a permit for two requests in both lanes, and once altogether', async () => {
    const gate = gateOf(256)
    const permit = await gate.acquire(GET, 1, never, PUT)
    permit.begin()
    const inFlight = () => gate.limits().map((lane) => [lane.operation, lane.inFlight])
    expect(inFlight()).toEqual([
      [GET.operation, 1],
      [PUT.operation, 1],
    ])
    expect(gate.taken).toBe(1)
    permit.release('done', 1, 'refused')
    expect(inFlight().map(([, count]) => count)).toEqual([0, 0])
    const [get, put] = gate.limits()
    expect(get?.requestRate).toBeUndefined()
    expect(put?.requestRate).toBeGreaterThan(0)
  })

  it('lets two requests start when both lanes do', async () => {
    const gate = gateOf(256)
    const puts = await take(gate, PUT, 16)
    const order: string[] = []
    void gate.acquire(GET, 2, never, PUT).then(() => order.push('both'))
    await vi.advanceTimersByTimeAsync(0)
    expect(order).toEqual([])
    puts[0]?.release('done', 1)
    await vi.advanceTimersByTimeAsync(0)
    expect(order).toEqual(['both'])
  })

  it.each(['refused', 'timed-out'] as const)(
    'halves the limit of one bucket and operation after a burst of %s, no other',
    async (how) => {
      const gate = gateOf(256)
      await take(gate, PUT, 1)
      await take(gate, GET_B, 1)
      const gets = await take(gate, GET, 16)
      await vi.advanceTimersByTimeAsync(50)
      giveBack(gets, how)
      expect(gate.limitOf(PUT)).toBe(16)
      expect(gate.limitOf(GET_B)).toBe(16)
      expect(gate.limitOf(GET)).toBe(8)
    },
  )

  it('paces requests after refusals, each at its time and none forgotten', async () => {
    const gate = gateOf(256)
    for (let round = 0; round < 15; round += 1) {
      const permits = await take(gate, GET, 10)
      await vi.advanceTimersByTimeAsync(100)
      giveBack(permits.slice(3), 'done')
      giveBack(permits.slice(0, 3), round < 14 ? 'done' : 'refused')
    }
    const rate = gate.limits()[0]?.requestRate ?? 0
    expect(rate).toBeGreaterThan(70)
    expect(rate).toBeLessThan(100)
    let started = 0
    for (let index = 0; index < 200; index += 1) {
      void gate.acquire(GET, 1, never).then((permit) => {
        started += 1
        permit.release('done', MiB)
      })
    }
    await vi.advanceTimersByTimeAsync(1000)
    expect(started).toBeGreaterThan(60)
    expect(started).toBeLessThan(100)
    await vi.advanceTimersByTimeAsync(2000)
    expect(started).toBe(200)
    expect(gate).toMatchObject({ taken: 0, waiting: 0 })
  })

  it('raises a limit while bytes come in faster, and serves those that wait at once', async () => {
    const gate = gateOf(64)
    await take(gate, GET, 16)
    let started = 0
    for (let index = 0; index < 48; index += 1) {
      void gate.acquire(GET, 1, never).then((permit) => {
        permit.begin()
        started += 1
      })
    }
    // Nobody ends: what the requests have moved so far is enough to go by.
    for (let ms = 0; ms < 10_000; ms += 100) {
      moved += MiB
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(gate.limitOf(GET)).toBeGreaterThan(48)
    expect(started).toBe(48)
  })

  it('has no limit but the common one for passes over local bytes', async () => {
    const gate = gateOf(20)
    const permits = await take(gate, undefined, 20)
    expect(gate.hasRoom(undefined)).toBe(false)
    giveBack(permits, 'done')
    expect(gate).toMatchObject({ taken: 0, waiting: 0 })
    expect(gate.limits()).toEqual([])
  })

  it('lets go of those that are given up while they wait', async () => {
    const gate = gateOf(1)
    const [permit] = await take(gate, GET, 1)
    const controller = new AbortController()
    const given = gate.acquire(GET, 1, controller.signal)
    controller.abort(new Error('given up'))
    await expect(given).rejects.toThrow('given up')
    await expect(gate.acquire(GET, 1, controller.signal)).rejects.toThrow('given up')
    expect(gate.waiting).toBe(0)
    permit?.release('done', 1)
    expect(gate.taken).toBe(0)
  })

  it('keeps no timer when nothing is in flight', async () => {
    const gate = gateOf(4)
    giveBack(await take(gate, GET, 4), 'refused')
    const controller = new AbortController()
    const waiting = gate.acquire(GET, 1, controller.signal)
    waiting.catch(() => undefined)
    controller.abort(new Error('given up'))
    await vi.advanceTimersByTimeAsync(200)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('refuses to give a permit back twice', async () => {
    const gate = gateOf(4)
    const [permit] = await take(gate, GET, 1)
    permit?.release('done', 1)
    expect(() => permit?.release('done', 1)).toThrow('a permit is released once')
  })

  it('remembers a bounded number of buckets, and those with requests always', async () => {
    const gate = gateOf(4)
    await take(gate, GET, 1)
    for (let index = 0; index < 1000; index += 1) {
      giveBack(await take(gate, { bucket: `${index}`, operation: 'GetObject' }, 1), 'done')
    }
    expect(gate.limits().length).toBeLessThanOrEqual(256)
    expect(gate.limits()[0]).toMatchObject({ bucket: 'a', inFlight: 1 })
  })
})
