import { describe, expect, it } from 'vitest'
import { SharedState, WorkerState } from '../../../src/pool/shared-state.ts'
import { afterTheEnd, CLOSE_REASONS, COUNTERS } from '../../../src/pool/worker-counters.ts'

const COUNTED = COUNTERS.filter((name) => name !== 'threadId' && name !== 'beatAt')

describe('the shared state', () => {
  it('shows the counters of each worker in the order they started', () => {
    const state = new SharedState(4)
    const first = new WorkerState(state.buffer, 4, 11)
    const second = new WorkerState(state.buffer, 4, 12)
    first.add('open', 3)
    first.add('open', -1)
    second.add('bytesSent', 2 ** 40)
    expect(state.workers()).toMatchObject([
      { threadId: 11, open: 2, bytesSent: 0 },
      { threadId: 12, open: 0, bytesSent: 2 ** 40 },
    ])
  })

  it('keeps every counter and every slot apart', () => {
    const state = new SharedState(3)
    const workers = [1, 2].map((id) => new WorkerState(state.buffer, 3, id))
    let value = 0
    for (const worker of workers) {
      for (const name of COUNTED) worker.add(name, (value += 1))
      worker.note('handshakeMs', 2)
      worker.note('acquireMs', 30)
      worker.note('acquireMs', 30)
      for (const reason of CLOSE_REASONS) worker.addClosed(reason)
    }
    for (const slot of [0, 1, 2]) workers[0]?.setProgress(slot, 1000 + slot)
    for (const slot of [0, 1, 2]) state.cancel(slot, 2000 + slot)
    expect([0, 1, 2].map((slot) => state.progress(slot))).toEqual([1000, 1001, 1002])
    expect([0, 1, 2].map((slot) => workers[1]?.isCancelled(slot, 2000 + slot))).toEqual([
      true,
      true,
      true,
    ])
    expect(workers[1]?.isCancelled(0, 2001)).toBe(false)
    const seen = state.workers().flatMap((row) => COUNTED.map((name) => row[name]))
    expect(seen).toEqual(Array.from({ length: value }, (_, index) => index + 1))
    for (const { closed, handshakeMs, acquireMs } of state.workers()) {
      expect([handshakeMs.count, handshakeMs.sum]).toEqual([1, 2])
      expect([acquireMs.count, acquireMs.sum]).toEqual([2, 60])
      const { total, ...reasons } = closed
      expect(total).toBe(CLOSE_REASONS.length)
      expect(new Set(Object.values(reasons))).toEqual(new Set([1]))
    }
  })

  it('counts as closed what a thread had open when it ended', () => {
    const state = new SharedState(1)
    const worker = new WorkerState(state.buffer, 1, 1)
    worker.add('opened', 5)
    for (const name of ['open', 'busy', 'idle', 'waiting', 'connecting'] as const) {
      worker.add(name, 3)
    }
    worker.addClosed('failed')
    worker.addClosed('shutdown')
    const [row] = state.workers().map(afterTheEnd)
    expect(row).toMatchObject({
      opened: 5,
      open: 0,
      busy: 0,
      idle: 0,
      waiting: 0,
      connecting: 0,
      closed: { total: 5, failed: 1, shutdown: 4 },
    })
  })

  it('clears the progress of a slot before it is used again', () => {
    const state = new SharedState(2)
    const worker = new WorkerState(state.buffer, 2, 1)
    worker.setProgress(0, 5)
    worker.setProgress(1, 6)
    state.clearProgress(0)
    expect([state.progress(0), state.progress(1)]).toEqual([0, 6])
    expect(() => state.progress(2)).toThrow('Invariant broken')
  })

  it('keeps the totals right when more workers start than it has rows', () => {
    const state = new SharedState(1)
    for (let id = 1; id <= 300; id += 1) {
      new WorkerState(state.buffer, 1, id).add('requests', 1)
    }
    const total = state.workers().reduce((sum, { requests }) => sum + requests, 0)
    expect(total).toBe(300)
    expect(state.progress(0)).toBe(0)
  })
})
