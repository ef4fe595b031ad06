import { describe, expect, it } from 'vitest'
import { lostWorker } from '../../../src/pool/lost-worker.ts'
import { PendingJobs, type Placement } from '../../../src/pool/pending-jobs.ts'
import type { PartJob, PartResult } from '../../../src/pool/protocol.ts'

const RESULT: PartResult = {
  ok: true,
  workerId: 1,
  digest: new Uint8Array(4),
  length: 1,
  etag: '"e"',
  headers: {},
  elapsedMs: 0,
}

function digest(transferId: number, slot: number, length = 10): PartJob {
  const source = { kind: 'file', fd: 3, offset: 0 } as const
  return { kind: 'digest', transferId, slot, source, length, algorithm: 'CRC32' }
}

function setUp() {
  const busy: boolean[] = []
  const answers: PartResult[] = []
  const pending = new PendingJobs((isBusy) => busy.push(isBusy))
  const add = (job: PartJob) => pending.add(job, (result) => answers.push(result))
  return { busy, answers, pending, add }
}

describe('jobs that are not answered', () => {
  it('are found by transfer and slot', () => {
    const { pending, add } = setUp()
    add(digest(1, 0))
    const { number } = add(digest(2, 0))
    expect(pending.numberOf(2, 0)).toBe(number)
    expect(pending.numberOf(2, 1)).toBeUndefined()
    pending.settle(number, RESULT)
    expect(pending.numberOf(2, 0)).toBeUndefined()
  })

  it('are answered once each, by number', () => {
    const { pending, add, answers } = setUp()
    const [first, second] = [add(digest(1, 0)), add(digest(1, 1))]
    pending.settle(second.number, RESULT)
    pending.settle(second.number, lostWorker('too late'))
    expect(answers).toEqual([RESULT])
    expect(pending.numbers()).toEqual([first.number])
    pending.settle(4711, RESULT)
    expect(answers).toHaveLength(1)
  })

  it('keep the process alive from the first to the last', () => {
    const { pending, add, busy } = setUp()
    const jobs = [add(digest(1, 0)), add(digest(2, 1))]
    expect(busy).toEqual([true])
    for (const { number } of jobs) pending.settle(number, RESULT)
    expect(busy).toEqual([true, false])
    add(digest(3, 0))
    expect(busy).toEqual([true, false, true])
  })

  it('are found by transfer', () => {
    const { pending, add } = setUp()
    add(digest(1, 5))
    const answered = add(digest(2, 6))
    add(digest(2, 7))
    pending.settle(answered.number, RESULT)
    expect([...pending.slotsOf(2)]).toEqual([7])
  })

  it('are counted for the thread they went to, until they are answered', () => {
    const { pending, add } = setUp()
    const jobs = [add(digest(1, 0)), add(digest(1, 1))]
    const task: Placement = { weight: 2 }
    for (const job of jobs) job.placement = task
    expect(pending.inHand(9)).toBe(0)
    pending.place(task, 9)
    expect(pending.inHand(9)).toBe(2)
    pending.settle(jobs[0]?.number ?? 0, RESULT)
    expect(pending.inHand(9)).toBe(1)
    pending.settle(jobs[1]?.number ?? 0, RESULT)
    expect(pending.inHand(9)).toBe(0)
  })

  it('and tasks without any occupy a thread', () => {
    const { pending } = setUp()
    const empty: Placement = { weight: 1 }
    pending.place(empty, 9)
    expect(pending.inHand(9)).toBe(1)
    pending.leave(empty)
    expect(pending.inHand(9)).toBe(0)
  })

  it('of small files count as nothing, since their size is not known', () => {
    const { add } = setUp()
    const { key, query, headers } = { key: 'k', query: '', headers: [] }
    const { transferId, slot, length, algorithm } = digest(1, 0, 262_144)
    const request = { transferId, slot, length, algorithm, key, query, headers }
    const job = { ...request, kind: 'put-file', path: '/p', sendChecksum: true } as const
    expect(add(job).length).toBe(0)
    expect(add(digest(1, 0, 77)).length).toBe(77)
  })
})
