import { describe, expect, it } from 'vitest'
import { array, assert, asyncProperty, nat, string, uniqueArray } from 'fast-check'
import { isInShard } from '../../../src/queue/shard-run.ts'
import { cutShards, type Shard } from '../../../src/queue/shards.ts'
import { compareKeys } from '../../../src/store/key-order.ts'

interface Entry {
  readonly name: string
  readonly size: number
}

async function* listed(entries: readonly Entry[], after?: string): AsyncGenerator<Entry> {
  for (const entry of entries) {
    if (after === undefined || compareKeys(entry.name, after) > 0) yield entry
  }
}

async function cut(
  entries: readonly Entry[],
  limits: { readonly shardObjects?: number; readonly shardBytes?: number },
  before?: Shard,
): Promise<Shard[]> {
  const { shardObjects = 1e9, shardBytes = 1e15 } = limits
  const shards: Shard[] = []
  const source = listed(entries, before?.upTo)
  for await (const shard of cutShards(source, { shardObjects, shardBytes }, before))
    shards.push(shard)
  return shards
}

const named = (...names: readonly string[]): Entry[] => names.map((name) => ({ name, size: 10 }))

describe('cutShards', () => {
  it('has none where there is nothing', async () => {
    expect(await cut([], { shardObjects: 1 })).toEqual([])
  })

  it('cuts after so many objects, and leaves both ends open', async () => {
    expect(await cut(named('a', 'b', 'c', 'd', 'e'), { shardObjects: 2 })).toEqual([
      { index: 0, after: undefined, upTo: 'b', objects: 2, bytes: 20 },
      { index: 1, after: 'b', upTo: 'd', objects: 2, bytes: 20 },
      { index: 2, after: 'd', upTo: undefined, objects: 1, bytes: 10 },
    ])
  })

  it('cuts after so many bytes, with at least one object in each', async () => {
    const shards = await cut(named('a', 'b', 'c'), { shardBytes: 1 })
    expect(shards.map(({ objects }) => objects)).toEqual([1, 1, 1])
  })

  it('has each name in exactly one, also those that come later, and wherever it went on', () => {
    const name = string({ unit: 'grapheme', minLength: 1, maxLength: 4 })
    return assert(
      asyncProperty(
        uniqueArray(name, { maxLength: 30 }),
        array(name),
        nat(9),
        nat(9),
        async (names, later, objects, known) => {
          const entries = named(...[...names].sort(compareKeys))
          const limits = { shardObjects: objects + 1 }
          const first = await cut(entries, limits)
          const before = first.filter(({ upTo }) => upTo !== undefined).slice(0, known)
          const rest = await cut(entries, limits, before.at(-1))
          expect([...before, ...rest]).toEqual(first)
          for (const each of entries.length === 0 ? [] : [...names, ...later]) {
            expect(first.filter((shard) => isInShard(shard, each))).toHaveLength(1)
          }
        },
      ),
    )
  })
})
