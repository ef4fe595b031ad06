import { describe, expect, it } from 'vitest'
import { Semaphore } from '../../../src/transfer/semaphore.ts'

const never = new AbortController().signal

/** Asks, and notes in `order` when it was granted. */
function ask(
  semaphore: Semaphore,
  order: string[],
  name: string,
  amount: number,
  sequence: number,
): Promise<() => void> {
  return semaphore.acquire(amount, sequence, never).then((release) => {
    order.push(name)
    return release
  })
}

describe('Semaphore', () => {
  it('grants at once what is free', async () => {
    const semaphore = new Semaphore(3)
    const releases = await Promise.all([1, 1, 1].map((n) => semaphore.acquire(n, 1, never)))
    expect(semaphore.taken).toBe(3)
    for (const release of releases) release()
    expect(semaphore.taken).toBe(0)
  })

  it('serves the earlier transfer first, and equals in the order they asked', async () => {
    const semaphore = new Semaphore(1)
    const release = await semaphore.acquire(1, 1, never)
    const order: string[] = []
    const requests: readonly (readonly [string, number])[] = [
      ['third', 3],
      ['second a', 2],
      ['second b', 2],
      ['first', 1],
      ['second c', 2],
    ]
    const done = requests.map(async ([name, sequence]) => {
      const leave = await ask(semaphore, order, name, 1, sequence)
      await settle()
      leave()
    })
    release()
    await Promise.all(done)
    expect(order).toEqual(['first', 'second a', 'second b', 'second c', 'third'])
  })

  it('lets nobody overtake the first who waits, even if less would do', async () => {
    const semaphore = new Semaphore(10)
    const release = await semaphore.acquire(6, 1, never)
    const order: string[] = []
    const large = ask(semaphore, order, 'large', 8, 2)
    const small = ask(semaphore, order, 'small', 1, 3)
    await settle()
    expect(order).toEqual([])
    expect(semaphore.waiting).toBe(2)
    release()
    ;(await large)()
    ;(await small)()
    expect(order).toEqual(['large', 'small'])
    expect(semaphore.taken).toBe(0)
  })

  it('counts more than its capacity as all of it', async () => {
    const semaphore = new Semaphore(10)
    const release = await semaphore.acquire(1000, 1, never)
    expect(semaphore.taken).toBe(10)
    release()
    expect(semaphore.taken).toBe(0)
  })

  it('rejects who waits when its signal aborts, and serves those behind', async () => {
    const semaphore = new Semaphore(10)
    const release = await semaphore.acquire(5, 1, never)
    const controller = new AbortController()
    const aborted = semaphore.acquire(10, 2, controller.signal)
    const order: string[] = []
    const behind = ask(semaphore, order, 'behind', 5, 3)
    await settle()
    expect(order).toEqual([])
    controller.abort(new Error('no more'))
    await expect(aborted).rejects.toThrow('no more')
    ;(await behind)()
    release()
    expect([semaphore.taken, semaphore.waiting]).toEqual([0, 0])
  })

  it('takes nothing for a signal that has aborted before', async () => {
    const semaphore = new Semaphore(1)
    const signal = AbortSignal.abort(new Error('too late'))
    await expect(semaphore.acquire(1, 1, signal)).rejects.toThrow('too late')
    expect(semaphore.taken).toBe(0)
  })

  it('keeps what was granted when the signal aborts afterwards', async () => {
    const semaphore = new Semaphore(1)
    const first = await semaphore.acquire(1, 1, never)
    const controller = new AbortController()
    const second = semaphore.acquire(1, 1, controller.signal)
    first()
    controller.abort()
    const release = await second
    expect(semaphore.taken).toBe(1)
    release()
  })

  it('stops at a permit that is released twice', async () => {
    const semaphore = new Semaphore(2)
    const release = await semaphore.acquire(1, 1, never)
    await semaphore.acquire(1, 1, never)
    release()
    expect(release).toThrow('Invariant broken')
    expect(semaphore.taken).toBe(1)
  })

  it('has a positive capacity', () => {
    expect(() => new Semaphore(0)).toThrow('Invariant broken')
  })
})

/** Lets everything that can go on go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
