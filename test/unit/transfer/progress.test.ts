import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EventHub, type ProgressEvent } from '../../../src/events.ts'
import { ProgressBook } from '../../../src/transfer/progress.ts'

const TRANSFER = { id: 1, kind: 'upload' as const, bucket: 'b', key: 'k', path: undefined }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function makeBook() {
  const slots = new Map<number, number>()
  const heard: ProgressEvent[] = []
  const events = new EventHub()
  const book = new ProgressBook(
    TRANSFER,
    events,
    (slot) => slots.get(slot) ?? 0,
    (event) => heard.push(event),
  )
  return { book, slots, heard, events }
}

describe('ProgressBook', () => {
  it('adds up finished parts and those at work', () => {
    const { book, slots } = makeBook()
    book.start(100)
    book.open(0)
    book.open(1)
    slots.set(0, 10).set(1, 5).set(2, 99)
    expect(book.snapshot).toEqual({ transferred: 15, total: 100 })
    book.close(0, 40)
    expect(book.snapshot.transferred).toBe(45)
  })

  it('reports at most ten times a second, and each change once', () => {
    const { book, slots, heard } = makeBook()
    book.start(1_000_000)
    book.open(0)
    for (let ms = 1; ms <= 1000; ms += 1) {
      slots.set(0, ms)
      vi.advanceTimersByTime(1)
    }
    expect(heard.length).toBeLessThanOrEqual(10)
    expect(heard.length).toBeGreaterThanOrEqual(9)
    const before = heard.length
    vi.advanceTimersByTime(5000)
    expect(heard.length, 'nothing moved').toBeLessThanOrEqual(before + 1)
    book.end(undefined)
  })

  it('goes back when an attempt is lost', () => {
    const { book, slots, heard } = makeBook()
    book.start(100)
    book.open(0)
    slots.set(0, 60)
    vi.advanceTimersByTime(100)
    book.close(0, 0)
    vi.advanceTimersByTime(100)
    expect(heard.map(({ transferred, delta }) => [transferred, delta])).toEqual([
      [60, 60],
      [0, -60],
    ])
    book.end(undefined)
  })

  it('reports all bytes only at the end, and then exactly once', () => {
    const { book, heard } = makeBook()
    book.start(100)
    book.open(0)
    book.close(0, 100)
    vi.advanceTimersByTime(10_000)
    expect(heard).toEqual([])
    book.end(100)
    vi.advanceTimersByTime(10_000)
    expect(heard).toEqual([{ transfer: TRANSFER, transferred: 100, total: 100, delta: 100 }])
    expect(heard.reduce((sum, { delta }) => sum + delta, 0)).toBe(100)
  })

  it('leaves the number of a failed transfer where it was', () => {
    const { book, heard } = makeBook()
    book.start(100)
    book.open(0)
    book.close(0, 30)
    vi.advanceTimersByTime(100)
    book.end(undefined)
    vi.advanceTimersByTime(1000)
    expect(heard.at(-1)).toMatchObject({ transferred: 30, total: 100 })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('learns the total of a stream at its end', () => {
    const { book, heard } = makeBook()
    book.start(undefined)
    book.open(0)
    book.close(0, 10)
    vi.advanceTimersByTime(100)
    book.end(25)
    expect(heard.map(({ transferred, total }) => [transferred, total])).toEqual([
      [10, undefined],
      [25, 25],
    ])
  })

  it('keeps going when the callback throws', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const events = new EventHub()
    const heard: number[] = []
    events.on('progress', ({ transferred }) => heard.push(transferred))
    const book = new ProgressBook(
      TRANSFER,
      events,
      () => 0,
      () => {
        throw new Error('the callback broke')
      },
    )
    book.start(10)
    book.end(10)
    expect(heard).toEqual([10])
    expect(warn).toHaveBeenCalledTimes(1)
    warn.mockRestore()
  })

  it('starts no timer when nobody listens', () => {
    const book = new ProgressBook(TRANSFER, new EventHub(), () => 0, undefined)
    book.start(10)
    expect(vi.getTimerCount()).toBe(0)
    book.end(10)
  })
})
