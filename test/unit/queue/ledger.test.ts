import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import { Ledger } from '../../../src/queue/ledger.ts'
import { encodeMessage, isLater, type ShardMessage } from '../../../src/queue/results.ts'
import { ShardLog } from '../../../src/queue/shard-log.ts'
import type { Outcome } from '../../../src/tree/outcome.ts'
import { TreeJob } from '../../../src/tree/tree-job.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const shard = { index: 0, after: undefined, upTo: undefined, objects: 3, bytes: 3 }

const what = { operation: 'copy', path: undefined, size: 1, reason: 'missing' } as const
const done = (name: string): Outcome => {
  return { ...what, name, key: name, status: 'done', attempts: 1, elapsedMs: 1 }
}
const failed = (name: string): Outcome => {
  const error = new TransferError('ERR_ACCESS_DENIED', 'no')
  return { ...what, name, key: name, status: 'failed', error }
}
const message = (count: number, rest: Partial<ShardMessage>): ShardMessage => {
  return { shard: 0, sender: 'a', count, outcomes: [], ...rest }
}

/** A stream as Redis has it, and the lines of a job as its directory has them: a byte each. */
class Run {
  readonly stream: [Buffer, Buffer[]][] = []
  lines: string[] = []
  isDead = false

  async tell(...messages: readonly ShardMessage[]): Promise<void> {
    for (const each of messages) {
      const id = Buffer.from(`1-${this.stream.length + 1}`)
      this.stream.push([id, [Buffer.from('m'), await encodeMessage(each)]])
    }
  }

  async ledger(): Promise<{ ledger: Ledger; job: TreeJob; log: ShardLog }> {
    const log = await ShardLog.open(directory())
    const onOutcome = ({ name, status }: Outcome): void => void this.lines.push(`${status} ${name}`)
    const { signal } = new AbortController()
    const job = new TreeJob(signal, { maxErrors: 0, onOutcome, onProgress: undefined })
    const client = {
      xrangeBuffer: () => Promise.resolve([...this.stream]),
      xdel: (_: unknown, ...ids: readonly string[]) => {
        if (this.isDead) return Promise.reject(new Error('killed'))
        const isLeft = ([id]: [Buffer, Buffer[]]): boolean => !ids.includes(id.toString())
        this.stream.splice(0, Infinity, ...this.stream.filter(isLeft))
        return Promise.resolve(ids.length)
      },
    } as unknown as ConstructorParameters<typeof Ledger>[0]['client']
    const notes = {
      written: () => Promise.resolve(this.lines.length),
      notedBehind: (at: number) => Promise.resolve(this.lines.length - at),
    }
    return { ledger: new Ledger({ client, key: 'k', log, job, notes }), job, log }
  }
}

const END = { seen: 3, skipped: 0, failed: 0 }

describe('what workers tell', () => {
  it('is counted once, also when Redis got it twice', async () => {
    const run = new Run()
    const { ledger, job, log } = await run.ledger()
    await ledger.cut(shard)
    const first = message(1, { outcomes: [done('a'), done('b')] })
    await run.tell(first, first, message(2, { end: END }))
    expect(await ledger.take()).toBe(3)
    expect(run.lines).toEqual(['done a', 'done b'])
    expect(job.progress).toMatchObject({ copied: 2, unchanged: 1, seen: 3, known: 2 })
    expect([run.stream, ledger.open, log.open.size]).toEqual([[], [], 0])
    await log.close(true)
  })

  it('counts what an attempt before has moved away', async () => {
    const run = new Run()
    const { ledger, job, log } = await run.ledger()
    await ledger.cut(shard)
    await run.tell(message(1, { outcomes: [done('a'), done('b')] }))
    const end = { ...END, seen: 1 }
    await run.tell({ ...message(1, { outcomes: [done('c')], end }), sender: 'b' })
    await ledger.take()
    expect(job.progress).toMatchObject({ copied: 3, unchanged: 0, seen: 3 })
    await log.close(true)
  })

  it.each([0, 1, 2])('is told once by two runs, the first killed after %i lines', async (kept) => {
    const run = new Run()
    const before = await run.ledger()
    await before.ledger.cut(shard)
    await run.tell(message(1, { outcomes: [done('a')] }), message(2, { outcomes: [done('b')] }))
    // What it wrote behind its word, as far as it came.
    await before.log.taking({ last: '1-2', at: 0 })
    run.lines = ['done a', 'done b'].slice(0, kept)
    await before.log.close(false)
    await run.tell(message(3, { outcomes: [done('c')], end: END }))
    const { ledger, job, log } = await run.ledger()
    await ledger.take()
    expect(run.lines).toEqual(['done a', 'done b', 'done c'])
    expect(job.progress).toMatchObject({ copied: 3 - kept, unchanged: kept, seen: 3 })
    await log.close(true)
  })

  it('is not told again when only its removal was missing', async () => {
    const run = new Run()
    const before = await run.ledger()
    await before.ledger.cut(shard)
    await run.tell(message(1, { outcomes: [done('a')] }))
    run.isDead = true
    await expect(before.ledger.take()).rejects.toThrow('killed')
    await before.log.close(false)
    run.isDead = false
    const { ledger, log } = await run.ledger()
    await ledger.take()
    expect([run.lines, run.stream]).toEqual([['done a'], []])
    await log.close(true)
  })

  it('leaves a shard with failures to the next run, if this one is killed', async () => {
    const run = new Run()
    const before = await run.ledger()
    await before.ledger.cut(shard)
    await run.tell(message(1, { outcomes: [failed('a')], end: { ...END, failed: 1 } }))
    await before.ledger.take()
    expect(before.ledger.open).toEqual([])
    await before.log.close(false)
    const { ledger, log } = await run.ledger()
    expect(ledger.open).toEqual([shard])
    await log.close(true)
  })
})

it.each([
  ['2-0', '1-9', true],
  ['1-10', '1-9', true],
  ['1-9', '1-9', false],
  ['1-9', '10-0', false],
])('message %s is later than %s: %s', (id, than, expected) => {
  expect(isLater(id, than)).toBe(expected)
})
