import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AnswerMessage, PartResult } from '../../../src/pool/protocol.ts'
import { AnswerOutbox } from '../../../workers/answer-outbox.ts'
import { RouteTable } from '../../../workers/route-table.ts'
import { routeTo } from './runner-fixture.ts'

const RESULT: PartResult = {
  ok: true,
  workerId: 1,
  digest: new Uint8Array(4),
  length: 1,
  etag: '"e"',
  headers: {},
  elapsedMs: 0,
}

describe('answers', () => {
  it('of one turn go in one message, and none waits for the next', async () => {
    const messages: number[][] = []
    const outbox = new AnswerOutbox((answers: AnswerMessage) =>
      messages.push(answers.map(([job]) => job)),
    )
    for (const job of [1, 2, 3]) outbox.add(job, RESULT)
    expect(messages).toEqual([])
    await nextTurn()
    expect(messages).toEqual([[1, 2, 3]])
    outbox.add(4, RESULT)
    await outbox.posted
    expect(messages).toEqual([[1, 2, 3], [4]])
  })

  it('have been posted once `posted` is settled', async () => {
    const order: string[] = []
    const outbox = new AnswerOutbox(() => order.push('posted'))
    outbox.add(1, RESULT)
    await outbox.posted.then(() => order.push('settled'))
    await outbox.posted
    expect(order).toEqual(['posted', 'settled'])
  })
})

describe('answers about small files', () => {
  afterEach(() => void vi.useRealTimers())

  /** The numbers of the jobs in each message. */
  function outboxFor(small: number): { outbox: AnswerOutbox; messages: number[][] } {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] })
    const messages: number[][] = []
    const outbox = new AnswerOutbox((answers) => messages.push(answers.map(([job]) => job)))
    outbox.expectSmall(small)
    return { outbox, messages }
  }

  it('go when half of the files in hand have been answered', () => {
    const { outbox, messages } = outboxFor(6)
    outbox.add(1, RESULT, true)
    outbox.add(2, RESULT, true)
    vi.advanceTimersByTime(1)
    expect(messages).toEqual([])
    outbox.add(3, RESULT, true)
    vi.advanceTimersByTime(0)
    expect(messages).toEqual([[1, 2, 3]])
    outbox.expectSmall(1)
    outbox.add(4, RESULT, true)
    vi.advanceTimersByTime(1)
    expect(messages, 'three more are in hand').toHaveLength(1)
    outbox.add(5, RESULT, true)
    vi.advanceTimersByTime(0)
    expect(messages[1]).toEqual([4, 5])
  })

  it('are kept for two milliseconds at most', async () => {
    const { outbox, messages } = outboxFor(100)
    outbox.add(1, RESULT, true)
    vi.advanceTimersByTime(1)
    outbox.add(2, RESULT, true)
    expect(messages).toEqual([])
    vi.advanceTimersByTime(1)
    expect(messages).toEqual([[1, 2]])
    await outbox.posted
    vi.advanceTimersByTime(10)
    expect(messages).toHaveLength(1)
  })

  it('go with any other answer', () => {
    const { outbox, messages } = outboxFor(100)
    outbox.add(1, RESULT, true)
    outbox.add(2, RESULT)
    vi.advanceTimersByTime(0)
    expect(messages).toEqual([[1, 2]])
  })
})

describe('the routes of a thread', () => {
  it('are parsed once, so that what follows from one can be kept', () => {
    const table = new RouteTable()
    const route = routeTo('http://127.0.0.1:1')
    const text = JSON.stringify(route)
    const found = table.find(text)
    expect(found).toEqual(route)
    expect(table.find(JSON.stringify(route))).toBe(found)
    expect(table.find(JSON.stringify({ ...route, clockOffsetMs: 5 }))).not.toBe(found)
    expect(table.find(undefined)).toBeUndefined()
  })

  it('do not pile up when credentials change', () => {
    const table = new RouteTable()
    const texts = Array.from({ length: 1000 }, (_, clockOffsetMs) =>
      JSON.stringify(routeTo('http://127.0.0.1:1', { clockOffsetMs })),
    )
    const [first = '', last = ''] = [texts[0], texts.at(-1)]
    const early = table.find(first)
    for (const text of texts) table.find(text)
    expect(table.find(last)).toBe(table.find(last))
    expect(table.find(first), 'it was let go').not.toBe(early)
    expect(table.find(first)).toEqual(early)
  })
})
