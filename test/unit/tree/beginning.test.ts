import { describe, expect, it } from 'vitest'
import { beginningOf } from '../../../src/tree/beginning.ts'
import { collect } from '../../helpers/collect.ts'

async function* numbers(count: number, ended?: () => void): AsyncGenerator<number> {
  try {
    for (let at = 0; at < count; at += 1) yield await Promise.resolve(at)
  } finally {
    ended?.()
  }
}

describe('the beginning of a sequence', () => {
  it('is not lost to who reads all of it', async () => {
    const { items, isAll, whole } = await beginningOf(numbers(5), 2, 60_000)
    expect({ items, isAll }).toEqual({ items: [0, 1], isAll: false })
    expect(await collect(whole)).toEqual([0, 1, 2, 3, 4])
  })

  it('is all of a short one', async () => {
    const { items, isAll, whole } = await beginningOf(numbers(2), 10, 60_000)
    expect({ items, isAll }).toEqual({ items: [0, 1], isAll: true })
    expect(await collect(whole)).toEqual([0, 1])
  })

  it('is what a slow one has given until then, and what it gives later is not lost either', async () => {
    let give: (value: number) => void = () => undefined
    const slow = new Promise<number>((resolve) => (give = resolve))
    async function* sequence(): AsyncGenerator<number> {
      yield 0
      yield await slow
    }
    const { items, isAll, whole } = await beginningOf(sequence(), 10, 5)
    expect({ items, isAll }).toEqual({ items: [0], isAll: false })
    give(1)
    expect(await collect(whole)).toEqual([0, 1])
  })

  it('lets go of what nobody reads on', async () => {
    let ends = 0
    const { close } = await beginningOf(
      numbers(5, () => (ends += 1)),
      2,
      60_000,
    )
    close()
    await new Promise(setImmediate)
    expect(ends).toBe(1)
  })

  it('tells what the sequence throws, at the beginning and later', async () => {
    async function* broken(good: number): AsyncGenerator<number> {
      yield* numbers(good)
      throw new Error('broken')
    }
    await expect(beginningOf(broken(1), 2, 60_000)).rejects.toThrow('broken')
    const { whole } = await beginningOf(broken(3), 2, 60_000)
    await expect(collect(whole)).rejects.toThrow('broken')
  })
})
