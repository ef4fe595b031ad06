import { describe, expect, it } from 'vitest'
import { setTimeout as delay } from 'node:timers/promises'
import { ahead } from '../../../src/tree/ahead.ts'
import { collect } from '../../helpers/collect.ts'

/** Numbers from 0, and whether they were let go. */
function numbers(count: number): AsyncGenerator<number> & { isClosed: boolean } {
  async function* all(): AsyncGenerator<number> {
    try {
      for (let each = 0; each < count; each += 1) yield await Promise.resolve(each)
    } finally {
      made.isClosed = true
    }
  }
  const made = Object.assign(all(), { isClosed: false })
  return made
}

describe('work ahead', () => {
  it('ends in the order of the items, so many at once', async () => {
    let underWay = 0
    let most = 0
    const results = ahead(numbers(20), 4, async (each) => {
      underWay += 1
      most = Math.max(most, underWay)
      await delay(each % 3)
      underWay -= 1
      return each * 2
    })
    expect(await collect(results)).toEqual(Array.from({ length: 20 }, (_, each) => each * 2))
    expect(most).toBe(4)
  })

  it('waits for no item behind the one that is wanted', async () => {
    async function* slow(): AsyncGenerator<string> {
      yield 'first'
      await new Promise(() => undefined)
    }
    const results = ahead(slow(), 8, (each) => Promise.resolve(each))
    expect(await results.next()).toEqual({ done: false, value: 'first' })
    // Leaving does not wait for it either.
    expect(await results.return()).toMatchObject({ done: true })
  })

  it('throws what an item throws in its turn, and lets the items go', async () => {
    const items = numbers(10)
    const results = ahead(items, 4, async (each) => {
      await delay(each === 0 ? 5 : 0)
      if (each === 1) throw new Error('one')
      return each
    })
    expect(await results.next()).toEqual({ done: false, value: 0 })
    await expect(results.next()).rejects.toThrow('one')
    expect(items.isClosed).toBe(true)
  })

  it('throws what the sequence throws, after what came before', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield await Promise.resolve(1)
      throw new Error('broken')
    }
    const results = ahead(broken(), 4, (each) => Promise.resolve(each))
    expect(await results.next()).toEqual({ done: false, value: 1 })
    await expect(results.next()).rejects.toThrow('broken')
  })
})
