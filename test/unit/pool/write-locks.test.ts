/**
 * Real threads over one piece of shared memory. What they count allows for a machine that stops a
 * thread now and then: a lock that is held longer than the patience is taken over by design.
 */

import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createViteServer } from 'vitest/node'
import { LOCK_CELLS, WriteLocks } from '../../../src/pool/write-locks.ts'

/** Longer than the patience, shorter than anybody would wait for a lock that is stuck. */
const STUCK_MS = 500

let moduleUrl: string
const workers: Worker[] = []

beforeAll(async () => {
  // A thread of Node reads no TypeScript.
  const server = await createViteServer({
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  })
  const path = fileURLToPath(new URL('../../../src/pool/write-locks.ts', import.meta.url))
  const transformed = await server.transformRequest(path)
  await server.close()
  moduleUrl = `data:text/javascript,${encodeURIComponent(transformed?.code ?? '')}`
})

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()))
})

/** Runs `body` in a thread with `locks`, `cells` (numbers shared by all) and `post`. */
function startThread(shared: Shared, body: string): Worker {
  const code = `
    const { parentPort, threadId, workerData } = require('node:worker_threads')
    import(${JSON.stringify(moduleUrl)}).then(({ WriteLocks }) => {
      const locks = new WriteLocks(new Int32Array(workerData.locks), threadId)
      const cells = new Int32Array(workerData.cells)
      const post = (value) => parentPort.postMessage(value)
      ${body}
    })`
  const worker = new Worker(code, { eval: true, workerData: shared })
  workers.push(worker)
  return worker
}

interface Shared {
  readonly locks: SharedArrayBuffer
  readonly cells: SharedArrayBuffer
}

function makeShared(): Shared {
  return {
    locks: new SharedArrayBuffer(4 * LOCK_CELLS),
    cells: new SharedArrayBuffer(64),
  }
}

function messageOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject)
  })
}

/** Milliseconds a call takes. */
function timed(work: () => void): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

/** Numbers of `cells` in the threads below. */
const INSIDE = 0
const GATE = 1

/**
 * Writes of 50 µs, one after the other until 400 ms have passed; posts how many there were, at how
 * many another thread wrote as well, and how many waited as long as the patience.
 */
const CONTEND = `
  Atomics.add(cells, ${GATE}, 1)
  while (Atomics.load(cells, ${GATE}) < 2) {}
  const end = performance.now() + 400
  const seen = { writes: 0, overlaps: 0, slow: 0 }
  while (performance.now() < end) {
    const askedAt = performance.now()
    locks.with(7, () => {
      const startedAt = performance.now()
      if (startedAt - askedAt > 15) seen.slow += 1
      if (Atomics.add(cells, ${INSIDE}, 1) !== 0) seen.overlaps += 1
      while (performance.now() - startedAt < 0.05) {}
      Atomics.sub(cells, ${INSIDE}, 1)
    })
    seen.writes += 1
  }
  post(seen)`

interface Seen {
  readonly writes: number
  readonly overlaps: number
  readonly slow: number
}

describe('two threads that write to one file', () => {
  it('take turns, and each is woken when its turn comes', async () => {
    const shared = makeShared()
    const threads = [startThread(shared, CONTEND), startThread(shared, CONTEND)]
    const seen = await Promise.all(threads.map((thread) => messageOf<Seen>(thread)))
    const sum = (pick: (one: Seen) => number): number =>
      seen.reduce((total, one) => total + pick(one), 0)
    const writes = sum((one) => one.writes)
    expect(writes).toBeGreaterThan(500)
    expect(sum((one) => one.overlaps) / writes).toBeLessThan(0.02)
    expect(sum((one) => one.slow) / writes).toBeLessThan(0.02)
    expect(new Int32Array(shared.locks).every((cell) => cell === 0)).toBe(true)
  })

  it('sleep while they wait', async () => {
    const shared = makeShared()
    const cells = new Int32Array(shared.cells)
    const locks = new WriteLocks(new Int32Array(shared.locks), 0)
    const waits: number[] = []
    const cpu: number[] = []
    for (let round = 0; round < 15; round += 1) {
      Atomics.store(cells, GATE, 0)
      const holder = startThread(
        shared,
        `locks.with(7, () => { post('held'); Atomics.wait(cells, ${GATE}, 0, 8) }); post('free')`,
      )
      await messageOf(holder)
      const before = process.cpuUsage()
      waits.push(timed(() => locks.with(7, () => undefined)))
      const { user, system } = process.cpuUsage(before)
      cpu.push((user + system) / 1000)
      await holder.terminate()
    }
    // Half of them may be disturbed by what else runs on the machine.
    expect(median(waits), 'woken by the release, not by the patience').toBeLessThan(15)
    expect(median(cpu)).toBeLessThan(6)
  })

  it('do not wait for each other when their transfers are not the same', async () => {
    const shared = makeShared()
    const holder = startThread(
      shared,
      `locks.with(7, () => { post('held'); Atomics.wait(cells, ${GATE}, 0) })`,
    )
    await messageOf(holder)
    const locks = new WriteLocks(new Int32Array(shared.locks), 0)
    const waits = [6, 8, 7 + LOCK_CELLS - 1].map((id) =>
      timed(() => locks.with(id, () => undefined)),
    )
    expect(Math.min(...waits)).toBeLessThan(10)
    const cells = new Int32Array(shared.locks)
    expect(
      [...cells].map((cell, index) => (cell === 0 ? -1 : index)).filter((at) => at >= 0),
    ).toEqual([7])
  })
})

describe('a holder that died', () => {
  it('delays the next write by the patience, and the writes behind it not at all', async () => {
    const shared = makeShared()
    const holder = startThread(
      shared,
      `locks.with(7, () => { post('held'); Atomics.wait(cells, ${GATE}, 0) })`,
    )
    await messageOf(holder)
    await holder.terminate()
    const locks = new WriteLocks(new Int32Array(shared.locks), 0)
    let writes = 0
    const first = timed(() => locks.with(7, () => (writes += 1)))
    expect(first).toBeGreaterThan(15)
    expect(first).toBeLessThan(STUCK_MS)
    const later = Array.from({ length: 5 }, () => timed(() => locks.with(7, () => (writes += 1))))
    expect(median(later)).toBeLessThan(10)
    expect(writes).toBe(6)
  })
})

describe('a holder that was only slow', () => {
  it('does not free the lock of the thread that took over', async () => {
    const shared = makeShared()
    const cells = new Int32Array(shared.cells)
    const slow = startThread(
      shared,
      `locks.with(7, () => { post('held'); Atomics.wait(cells, ${GATE}, 0) })
       Atomics.store(cells, ${INSIDE}, 1)
       Atomics.notify(cells, ${INSIDE})`,
    )
    await messageOf(slow)
    const memory = new Int32Array(shared.locks)
    new WriteLocks(memory, 0).with(7, () => {
      const held = Atomics.load(memory, 7)
      expect(held).not.toBe(0)
      Atomics.store(cells, GATE, 1)
      Atomics.notify(cells, GATE)
      Atomics.wait(cells, INSIDE, 0, 5000)
      expect(Atomics.load(cells, INSIDE), 'the slow one has ended').toBe(1)
      expect(Atomics.load(memory, 7)).toBe(held)
    })
    expect(Atomics.load(memory, 7)).toBe(0)
  })
})

describe('a write that throws', () => {
  it('gives the lock back', () => {
    const { locks: memory } = makeShared()
    const locks = new WriteLocks(new Int32Array(memory), 0)
    const failing = (): void => {
      throw new Error('the disk is full')
    }
    expect(() => locks.with(7, failing)).toThrow('the disk is full')
    expect(new Int32Array(memory).every((cell) => cell === 0)).toBe(true)
  })
})

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN
}
