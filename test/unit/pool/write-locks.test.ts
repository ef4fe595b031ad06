/**
 * Real threads over one piece of shared memory. Where being woken is what matters, the patience is
 * longer than the test may take, so that a lost wake-up ends it; no clock decides.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LOCK_CELLS, WriteLocks } from '../../../src/pool/write-locks.ts'
import { moduleForThreads } from '../../helpers/module-for-threads.ts'

let moduleUrl: string
const workers: Worker[] = []

beforeAll(async () => {
  moduleUrl = await moduleForThreads('src/pool/write-locks.ts')
})

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()))
})

/** Runs `body` in a thread with `locks`, `cells` (numbers shared by all) and `post`. */
function startThread(shared: Shared, body: string, patienceMs?: number): Worker {
  const code = `
    const { parentPort, threadId, workerData } = require('node:worker_threads')
    import(${JSON.stringify(moduleUrl)}).then(({ WriteLocks }) => {
      const locks = new WriteLocks(new Int32Array(workerData.locks), threadId, ${patienceMs})
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

/** The next message; none may have come before. */
async function messageOf<T>(worker: Worker): Promise<T> {
  const [message] = (await once(worker, 'message')) as [T]
  return message
}

/** Numbers of `cells` in the threads below. */
const INSIDE = 0
const GATE = 1

/** Longer than a test may take: who is not woken does not end. */
const FOR_EVER_MS = 3_600_000

/** Takes the lock 2,000 times; posts how often another thread was inside as well. */
const CONTEND = `
  Atomics.add(cells, ${GATE}, 1)
  while (Atomics.load(cells, ${GATE}) < threads) {}
  let overlaps = 0
  for (let write = 0; write < 2000; write += 1) {
    locks.with(7, () => {
      if (Atomics.add(cells, ${INSIDE}, 1) !== 0) overlaps += 1
      for (let spin = 0; spin < 1000; spin += 1) Atomics.load(cells, ${INSIDE})
      Atomics.sub(cells, ${INSIDE}, 1)
    })
  }
  post(overlaps)`

const HOLD = `locks.with(7, () => { post('held'); Atomics.wait(cells, ${GATE}, 0) }); post('free')`

describe('threads that write to one file', () => {
  it.each([2, 3])('take turns, and each of %i is woken when its turn comes', async (count) => {
    const shared = makeShared()
    const threads = Array.from({ length: count }, () =>
      startThread(shared, `const threads = ${count}; ${CONTEND}`, FOR_EVER_MS),
    )
    const overlaps = await Promise.all(threads.map((thread) => messageOf<number>(thread)))
    expect(overlaps).toEqual(threads.map(() => 0))
    expect(new Int32Array(shared.locks).every((cell) => cell === 0)).toBe(true)
  })

  it('do not wait for each other when their transfers are not the same', async () => {
    const shared = makeShared()
    await messageOf(startThread(shared, HOLD))
    const locks = new WriteLocks(new Int32Array(shared.locks), 0, FOR_EVER_MS)
    const written: number[] = []
    for (const id of [6, 8, 7 + LOCK_CELLS - 1]) locks.with(id, () => written.push(id))
    expect(written).toHaveLength(3)
    const held = [...new Int32Array(shared.locks).entries()].filter(([, cell]) => cell !== 0)
    expect(held.map(([index]) => index)).toEqual([7])
  })
})

describe('a holder that died', () => {
  it('does not keep the others from writing, and is not waited for twice', async () => {
    const shared = makeShared()
    const holder = startThread(shared, HOLD)
    await messageOf(holder)
    await holder.terminate()
    const memory = new Int32Array(shared.locks)
    let writes = 0
    new WriteLocks(memory, 0).with(7, () => (writes += 1))
    expect(Atomics.load(memory, 7), 'the lock is free again').toBe(0)
    new WriteLocks(memory, 0, FOR_EVER_MS).with(7, () => (writes += 1))
    expect(writes).toBe(2)
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
