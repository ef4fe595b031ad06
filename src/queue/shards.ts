/**
 * A listing cut into shards: stretches of names that touch, so that each name is in exactly one, also one
 * that comes later.
 */

export interface Shard {
  /** From 0. */
  readonly index: number
  /** Names behind this one; `undefined` for all from the first. */
  readonly after: string | undefined
  /** Names up to and with this one; `undefined` to the end. */
  readonly upTo: string | undefined
  /** When it was listed. */
  readonly objects: number
  readonly bytes: number
}

export interface ShardLimits {
  readonly shardObjects: number
  readonly shardBytes: number
}

/**
 * Shards in the order of names. There is none where there is nothing.
 * @param before the last shard that is known, to go on behind it
 */
export async function* cutShards(
  entries: AsyncIterable<{ readonly name: string; readonly size: number }>,
  { shardObjects, shardBytes }: ShardLimits,
  before: Pick<Shard, 'index' | 'upTo'> | undefined,
): AsyncGenerator<Shard> {
  let index = before === undefined ? 0 : before.index + 1
  let after = before?.upTo
  let [objects, bytes] = [0, 0]
  let last: string | undefined
  for await (const { name, size } of entries) {
    if (last !== undefined && (objects >= shardObjects || bytes >= shardBytes)) {
      yield { index, after, upTo: last, objects, bytes }
      index += 1
      after = last
      objects = bytes = 0
    }
    objects += 1
    bytes += size
    last = name
  }
  if (objects > 0) yield { index, after, upTo: undefined, objects, bytes }
}
