import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RequestPacer } from '../../../src/store/request-pacer.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Names in the order of their turns. */
function makePacer(perSecond: number) {
  const pacer = new RequestPacer(perSecond)
  const started: string[] = []
  const ask = (name: string, signal?: AbortSignal): Promise<void> =>
    pacer.turn(signal).then(() => void started.push(name))
  return { pacer, started, ask }
}

describe('a request pacer', () => {
  it('keeps nobody waiting without a limit', async () => {
    const { ask, started } = makePacer(0)
    await Promise.all(['a', 'b', 'c'].map((name) => ask(name)))
    expect(started).toEqual(['a', 'b', 'c'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives turns in the order of asking, as fast as the limit says', async () => {
    const { pacer, ask, started } = makePacer(10)
    for (let number = 0; number < 200; number += 1) void ask(String(number))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(started.length).toBeGreaterThanOrEqual(95)
    expect(started.length).toBeLessThanOrEqual(105)
    expect(started).toEqual(Array.from(started, (_, index) => String(index)))
    expect(pacer.waiting).toBe(200 - started.length)
  })

  it('counts what waits for nobody, so that others wait longer', async () => {
    const { pacer, ask, started } = makePacer(10)
    await ask('a')
    for (let number = 0; number < 10; number += 1) pacer.note()
    void ask('b')
    await vi.advanceTimersByTimeAsync(900)
    expect(started).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(300)
    expect(started).toEqual(['a', 'b'])
  })

  it('rejects at once who is aborted, and lets those behind move up', async () => {
    const { pacer, ask, started } = makePacer(1)
    for (const name of ['a', 'b', 'c', 'd']) await Promise.race([ask(name), Promise.resolve()])
    const controller = new AbortController()
    const aborted = ask('gone', controller.signal)
    const after = ask('after')
    controller.abort(new Error('enough'))
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    await vi.advanceTimersByTimeAsync(4000)
    await after
    expect(started).toEqual(['a', 'b', 'c', 'd', 'after'])
    expect(pacer.waiting).toBe(0)
  })

  it('refuses who comes with an aborted signal, and counts nothing', async () => {
    const { pacer, ask } = makePacer(1)
    await expect(ask('late', AbortSignal.abort())).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(pacer.waiting).toBe(0)
  })

  it('is faster for those who wait as soon as the limit is raised or taken away', async () => {
    const { pacer, ask, started } = makePacer(1)
    for (let number = 0; number < 40; number += 1) void ask(String(number))
    await vi.advanceTimersByTimeAsync(100)
    expect(started.length).toBeLessThanOrEqual(2)
    pacer.set(10)
    await vi.advanceTimersByTimeAsync(1000)
    expect(started.length).toBeGreaterThanOrEqual(10)
    expect(started.length).toBeLessThanOrEqual(14)
    pacer.set(0)
    await vi.advanceTimersByTimeAsync(0)
    expect([started.length, pacer.waiting, vi.getTimerCount()]).toEqual([40, 0, 0])
  })
})
