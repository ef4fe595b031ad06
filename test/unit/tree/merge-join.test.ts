import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeJoin, type Side } from '../../../src/tree/merge-join.ts'
import { compareKeys } from '../../../src/store/key-order.ts'
import { collect } from '../../helpers/collect.ts'

interface Watched {
  readonly side: Side<{ name: string }>
  read: number
  closed: boolean
}

/** A side that counts what is read of it; an Error among its names is thrown in its place. */
function watched(
  names: readonly (string | Error)[],
  kind: Side<unknown>['kind'] = 'objects',
): Watched {
  const state = { read: 0, closed: false }
  async function* entries(): AsyncGenerator<{ name: string }> {
    try {
      for (const name of names) {
        await Promise.resolve()
        state.read += 1
        if (name instanceof Error) throw name
        yield { name }
      }
    } finally {
      state.closed = true
    }
  }
  return Object.assign(state, { side: { entries: entries(), kind } })
}

async function joined(
  source: readonly string[],
  destination: readonly string[],
): Promise<string[]> {
  const pairs = await collect(mergeJoin(watched(source).side, watched(destination).side))
  return pairs.map(
    (pair) => `${pair.source?.name ?? '-'} ${pair.destination?.name ?? '-'} ${pair.name}`,
  )
}

describe('a join of two sides', () => {
  it('pairs what has one name, in the order of names', async () => {
    expect(await joined(['a', 'b', 'd'], ['b', 'c', 'd', 'e'])).toEqual([
      'a - a',
      'b b b',
      '- c c',
      'd d d',
      '- e e',
    ])
    expect(await joined([], [])).toEqual([])
    expect(await joined(['a'], [])).toEqual(['a - a'])
    expect(await joined([], ['a'])).toEqual(['- a a'])
    expect(await joined(['\uffff'], ['😀'])).toEqual(['\uffff - \uffff', '- 😀 😀'])
  })

  it('has of any two sides every name once, with all that there is of it', async () => {
    const side = fc
      .uniqueArray(
        fc.string({
          unit: fc.constantFrom('a', 'b', '/', '\uffff', '😀'),
          minLength: 1,
          maxLength: 3,
        }),
      )
      .map((names) => names.toSorted(compareKeys))
    await fc.assert(
      fc.asyncProperty(side, side, async (source, destination) => {
        const names = [...new Set([...source, ...destination])].toSorted(compareKeys)
        expect(await joined(source, destination)).toEqual(
          names.map(
            (name) =>
              `${source.includes(name) ? name : '-'} ${destination.includes(name) ? name : '-'} ${name}`,
          ),
        )
      }),
    )
  })

  it('holds one entry of each side', async () => {
    const [source, destination] = [watched(['a', 'b', 'c']), watched(['a', 'x', 'y'])]
    const pairs = mergeJoin(source.side, destination.side)
    await pairs.next()
    expect([source.read, destination.read]).toEqual([1, 1])
    await pairs.next()
    expect([source.read, destination.read]).toEqual([2, 2])
    await pairs.next()
    expect([source.read, destination.read]).toEqual([3, 2])
    await pairs.return()
  })

  it.each([
    [
      'objects',
      'ERR_RESPONSE_INVALID',
      'The store does not list the source in the order of its keys: "a" came after "b".',
    ],
    [
      'files',
      'ERR_INTERNAL',
      'The files of the source are not in the order of their names: "a" came after "b".',
    ],
  ] as const)('refuses %s that are out of order', async (kind, code, message) => {
    const destination = watched(['a', 'b', 'c'])
    const source = watched(['b', 'a'], kind)
    await expect(collect(mergeJoin(source.side, destination.side))).rejects.toMatchObject({
      code,
      message,
    })
    expect([source.closed, destination.closed]).toEqual([true, true])
  })

  it('refuses a name that comes twice, and disorder of the destination', async () => {
    await expect(joined(['a', 'a'], [])).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
    await expect(joined([], ['b', 'a'])).rejects.toThrow('list the destination in')
    await expect(joined(['a'], ['😀', '\uffff'])).rejects.toThrow('list the destination in')
  })

  it('closes both sides when it is left early', async () => {
    const [source, destination] = [watched(['a', 'b', 'c']), watched(['a', 'b', 'c'])]
    for await (const pair of mergeJoin(source.side, destination.side)) {
      expect(pair.name).toBe('a')
      break
    }
    expect([source.closed, destination.closed]).toEqual([true, true])
  })

  it.each([0, 1, 2])('closes the other side when one fails at entry %i', async (at) => {
    const failure = new Error('broken')
    const names = ['a', 'b', 'c']
    const [source, destination] = [watched(names), watched([...names.slice(0, at), failure])]
    await expect(collect(mergeJoin(source.side, destination.side))).rejects.toBe(failure)
    expect(source.closed).toBe(true)
  })
})
