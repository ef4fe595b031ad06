import { describe, expect, it } from 'vitest'
import { checkQueueOptions, checkWorkOptions } from '../../../src/queue/options.ts'

const URL = 'redis://127.0.0.1:6379'

describe('options of a queue', () => {
  it('have defaults', () => {
    expect(checkQueueOptions({ url: URL })).toMatchObject({
      name: 'default',
      password: undefined,
      shardObjects: 10_000,
      shardBytes: 64 * 1024 ** 3,
      attempts: 3,
      patienceMs: 600_000,
    })
    expect(checkWorkOptions({ url: URL })).toMatchObject({ shards: 2, leaseMs: 30_000, idleMs: 0 })
  })

  it.each(['rediss://me:secret@host:1/2', 'redis://host', 'redis://[::1]:6379/0'])(
    'take %s',
    (url) => {
      expect(checkQueueOptions({ url }).url).toBe(url)
    },
  )

  it.each([
    [{ url: 'host:6379' }, 'queue'],
    [{ url: 'redis:///0' }, 'queue'],
    [{ url: 5 }, 'queue'],
    [{}, 'queue'],
    [{ url: URL, name: 'a b' }, 'name'],
    [{ url: URL, name: '' }, 'name'],
    [{ url: URL, password: 5 }, 'password'],
    [{ url: URL, onNotice: 5 }, 'onNotice'],
    [{ url: URL, shardObjects: 0 }, 'shardObjects'],
    [{ url: URL, shardBytes: -1 }, 'shardBytes'],
    [{ url: URL, attempts: 1.5 }, 'attempts'],
    [{ url: URL, patienceMs: 1 }, 'patienceMs'],
  ])('are not %j', (options, option) => {
    expect(() => checkQueueOptions(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option } }),
    )
  })

  it('of one side are unknown to the other', () => {
    expect(() => checkQueueOptions({ url: URL, leaseMs: 5000 } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN' }),
    )
    expect(() => checkWorkOptions({ url: URL, shardObjects: 5 } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_UNKNOWN' }),
    )
  })

  it.each([
    [{ shards: 0 }, 'shards'],
    [{ leaseMs: 100 }, 'leaseMs'],
    [{ idleMs: -1 }, 'idleMs'],
  ])('of a worker are not %j', (options, option) => {
    expect(() => checkWorkOptions({ url: URL, ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option } }),
    )
  })
})
