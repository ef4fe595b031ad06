import { describe, expect, it, vi } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import {
  BATCH,
  decodeMessage,
  encodeMessage,
  ResultSender,
  type ShardMessage,
} from '../../../src/queue/results.ts'
import type { Outcome } from '../../../src/tree/outcome.ts'

const what = { operation: 'copy', path: undefined, size: 1, reason: 'missing' } as const
const done = (name: string): Outcome => {
  return { ...what, name, key: name, status: 'done', attempts: 1, elapsedMs: 1 }
}

describe('a message about a shard', () => {
  it('comes back as it was, errors with code and context', async () => {
    const error = new TransferError('ERR_ACCESS_DENIED', 'no', { key: 'ü' })
    const failed: Outcome = { ...what, name: 'ü', key: 'ü', status: 'failed', error }
    const end = { seen: 2, skipped: 0, failed: 1 }
    const message = { shard: 3, sender: 's', count: 1, outcomes: [done('a'), failed], end, error }
    const back = await decodeMessage(await encodeMessage(message))
    expect(back).toMatchObject({ shard: 3, sender: 's', count: 1, end })
    expect(back.outcomes[0]).toMatchObject({ name: 'a', status: 'done' })
    const errors = [back.error, (back.outcomes[1] as typeof failed).error]
    for (const each of errors) {
      expect(each).toBeInstanceOf(TransferError)
      expect(each).toMatchObject({ code: 'ERR_ACCESS_DENIED', context: { key: 'ü' } })
    }
  })
})

describe('the sender of results', () => {
  function sender(lengths: readonly number[] = [], failures: readonly Error[] = []) {
    const sent: Promise<ShardMessage>[] = []
    const [left, toFail] = [[...lengths], [...failures]]
    const client = {
      xadd: (...[, , , bytes]: readonly unknown[]) => {
        const failure = toFail.shift()
        if (failure !== undefined) return Promise.reject(failure)
        sent.push(decodeMessage(bytes as Buffer))
        return Promise.resolve('1-1')
      },
      xlen: vi.fn<() => Promise<number>>(() => Promise.resolve(left.shift() ?? 0)),
      expire: () => Promise.resolve(1),
    }
    const stop = new AbortController()
    const onFull = vi.fn<(message: string) => void>()
    const given = client as unknown as ConstructorParameters<typeof ResultSender>[0]['client']
    const options = { client: given, key: 'k', shard: 0, signal: stop.signal, onFull }
    return { made: new ResultSender(options), sent, client, stop, onFull }
  }

  it('tells in batches, numbered, and what is left with the end', async () => {
    const { made, sent } = sender()
    for (let index = 0; index <= BATCH; index += 1) await made.add(done(String(index)))
    await made.end({ end: { seen: 1, skipped: 0, failed: 0 } })
    const [first, second] = await Promise.all(sent)
    expect([first?.outcomes.length, first?.count, first?.end]).toEqual([BATCH, 1, undefined])
    expect([second?.outcomes.length, second?.count, second?.end?.seen]).toEqual([1, 2, 1])
    expect(second?.sender).toBe(first?.sender)
  })

  it('waits while too many are not taken, and no longer when it is cut off', async () => {
    const { made, client, stop } = sender([1001, 1001, 0])
    await made.end()
    expect(client.xlen).toHaveBeenCalledTimes(3)
    client.xlen.mockResolvedValue(1001)
    const waiting = made.end()
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })

  it.each(['OOM command not allowed', 'MISCONF Redis is configured to save'])(
    'waits for room, says so once, and tells it then: %s',
    async (text) => {
      const { made, sent, onFull } = sender([], [new Error(text), new Error(text)])
      await made.end()
      expect([sent.length, onFull.mock.calls.length]).toEqual([1, 1])
    },
  )
})
