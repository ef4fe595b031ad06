import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { BANDWIDTH_CELLS, BandwidthLimit } from '../../../src/pool/bandwidth-limit.ts'
import { KiB, MiB } from '../../../src/units.ts'
import { moduleForThreads } from '../../helpers/module-for-threads.ts'

const RATE = 10 * MiB
const BURST = RATE / 5

interface Fixture {
  readonly limit: BandwidthLimit
  readonly clock: { now: number }
}

function makeLimit(bytesPerSecond = RATE, sharers = 32): Fixture {
  const clock = { now: 1000 }
  const memory = new SharedArrayBuffer(8 * BANDWIDTH_CELLS)
  const limit = new BandwidthLimit(memory, 0, sharers, () => clock.now)
  limit.set(bytesPerSecond)
  return { limit, clock }
}

describe('a bandwidth limit', () => {
  it('is off until it is set, and again with 0', () => {
    const { limit } = makeLimit(0)
    expect([limit.isOn, limit.waitMs(limit.take(MiB) + 9 * MiB)]).toEqual([false, 0])
    limit.set(RATE)
    expect([limit.isOn, limit.bytesPerSecond]).toEqual([true, RATE])
    limit.set(0)
    expect(limit.isOn).toBe(false)
  })

  it('serves who takes a place in the order of coming, as fast as it says', () => {
    const { limit, clock } = makeLimit()
    const places = [MiB, 2 * MiB, MiB].map((bytes) => limit.take(bytes))
    expect(places.map((place) => limit.waitMs(place))).toEqual([0, 100, 300])
    clock.now += 250
    expect(places.map((place) => limit.waitMs(place))).toEqual([0, 0, 50])
  })

  it('lets a fifth of a second that was not used be made up for, and no more', () => {
    const { limit, clock } = makeLimit()
    clock.now += 60_000
    expect(limit.waitMs(limit.take(BURST))).toBe(0)
    expect(limit.waitMs(limit.take(MiB))).toBe(0)
    expect(limit.waitMs(limit.take(MiB))).toBeCloseTo(100)
  })

  it('bends the line when it changes, also for those who wait', () => {
    const { limit, clock } = makeLimit()
    limit.take(2 * MiB)
    const place = limit.take(MiB)
    clock.now += 100
    limit.set(RATE / 10)
    expect(limit.waitMs(place)).toBeCloseTo(1000)
    clock.now += 500
    limit.set(RATE)
    expect(limit.waitMs(place)).toBeCloseTo(50)
    limit.set(0)
    expect(limit.waitMs(place)).toBe(0)
  })

  it('begins a new line when it is set again, whatever had been taken before', () => {
    const { limit, clock } = makeLimit()
    limit.take(100 * MiB)
    limit.set(0)
    clock.now += 1
    limit.set(RATE)
    expect(limit.waitMs(limit.take(MiB))).toBe(0)
    expect(limit.waitMs(limit.take(MiB))).toBeCloseTo(100)
  })

  it('gives places that were given back to those who come', () => {
    const { limit } = makeLimit()
    limit.take(3 * MiB)
    limit.giveBack(2 * MiB)
    expect(limit.waitMs(limit.take(MiB))).toBeCloseTo(100)
  })

  it('stays right over a thousand changes', () => {
    const { limit, clock } = makeLimit()
    const place = limit.take(5 * MiB) + 5 * MiB
    for (let change = 0; change < 1000; change += 1) {
      clock.now += 0.25
      limit.set(change % 2 === 0 ? RATE / 2 : RATE)
    }
    // 250 ms, half of them at half the rate.
    expect(limit.waitMs(place)).toBeCloseTo(500 - (250 * 3) / 4, 0)
  })

  it('divides a fifth of a second among those who may be at work, within bounds', () => {
    expect(makeLimit(16 * MiB, 32).limit.step).toBe(Math.round((16 * MiB) / 5 / 32))
    expect(makeLimit(1, 32).limit.step).toBe(KiB / 2)
    expect(makeLimit(1024 * MiB, 1).limit.step).toBe(256 * KiB)
    expect(makeLimit(RATE, 10_000).limit.step).toBe(makeLimit(RATE, 256).limit.step)
  })
})

describe('threads that share a limit', () => {
  it('never give one place to two of them', async () => {
    const memory = new SharedArrayBuffer(8 * BANDWIDTH_CELLS)
    const gate = new SharedArrayBuffer(4)
    const limit = new BandwidthLimit(memory, 0, 4)
    // So slow that the line never runs empty, which would leave gaps.
    limit.set(1)
    const moduleUrl = await moduleForThreads('src/pool/bandwidth-limit.ts')
    const code = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(${JSON.stringify(moduleUrl)}).then(({ BandwidthLimit }) => {
        const limit = new BandwidthLimit(workerData.memory, 0, 4)
        const gate = new Int32Array(workerData.gate)
        Atomics.add(gate, 0, 1)
        while (Atomics.load(gate, 0) < 2) {}
        const places = []
        for (let count = 0; count < 5000; count += 1) places.push(limit.take(1000))
        parentPort.postMessage(places)
      })`
    const workers = [1, 2].map(() => new Worker(code, { eval: true, workerData: { memory, gate } }))
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')))
    await Promise.all(workers.map((worker) => worker.terminate()))
    const places = answers.flatMap(([taken]) => taken as number[]).toSorted((a, b) => a - b)
    const [first = 0] = places
    expect(places).toEqual(Array.from({ length: 10_000 }, (_, index) => first + 1000 * index))
    const wait = limit.waitMs(first + 10_000_000)
    expect(wait).toBeGreaterThan(9_000_000_000)
    limit.set(1e12)
    expect(limit.waitMs(first + 10_000_000)).toBeLessThan(1)
  })
})
