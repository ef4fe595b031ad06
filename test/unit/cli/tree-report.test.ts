import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { PacedWriter } from '../../../src/cli/paced-writer.ts'
import { ReportFile } from '../../../src/cli/report-file.ts'
import { TreeReport } from '../../../src/cli/tree-report.ts'
import { TransferError } from '../../../src/errors.ts'
import type { Outcome } from '../../../src/index.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const never = new AbortController().signal

/** A stream that takes all, and says that it is full as often as it is told to. */
class Pipe extends EventEmitter {
  readonly written: string[] = []
  isFull = false

  write(text: string): boolean {
    this.written.push(text)
    return !this.isFull
  }
}

const action = {
  operation: 'upload',
  name: 'a,"b\n',
  key: 'p/a,"b\n',
  path: '/tree/a,"b\n',
  size: 7,
  reason: 'newer',
} as const

const OUTCOMES: readonly Outcome[] = [
  {
    ...action,
    status: 'done',
    attempts: 2,
    elapsedMs: 12.4,
    etag: '"e"',
    verified: 'checksum',
    resumed: false,
  },
  {
    ...action,
    name: 'bad',
    move: true,
    status: 'failed',
    error: new TransferError('ERR_ACCESS_DENIED', 'No, "never"', { requestId: 'r1', attempt: 3 }),
  },
  { status: 'skipped', name: 'clash', reason: 'name-collision', detail: 'a is a file already' },
  { ...action, status: 'planned', operation: 'delete', path: undefined, size: 0, reason: 'extra' },
]

async function reported(name: string): Promise<string> {
  const path = join(directory(), name)
  const file = new ReportFile(path, 'bucket', never)
  for (const outcome of OUTCOMES) await file.add(outcome)
  await file.close()
  return readFileSync(path, 'utf8')
}

describe('a report', () => {
  it('has every field of an outcome as JSON', async () => {
    const lines = (await reported('r.ndjson')).trimEnd().split('\n')
    const rows = lines.map((line) => JSON.parse(line) as object)
    const place = { bucket: 'bucket', key: action.key, path: action.path }
    expect(rows[0]).toEqual({
      ...action,
      ...place,
      status: 'done',
      attempts: 2,
      elapsedMs: 12,
      etag: '"e"',
      verified: 'checksum',
      resumed: false,
      move: false,
      error: null,
    })
    expect(rows[1]).toMatchObject({
      ...action,
      ...place,
      name: 'bad',
      move: true,
      status: 'failed',
      attempts: 3,
      error: {
        code: 'ERR_ACCESS_DENIED',
        message: 'No, "never"',
        retryable: false,
        context: { requestId: 'r1', attempt: 3 },
      },
    })
    expect(rows[2]).toEqual({ ...OUTCOMES[2] })
    expect(rows[3]).toMatchObject({ status: 'planned', operation: 'delete', path: null, size: 0 })
  })

  it('has every field in a column as CSV', async () => {
    const text = await reported('r.csv')
    const [name, key, path] = ['"a,""b\n"', '"p/a,""b\n"', '"/tree/a,""b\n"']
    expect(text).toBe(
      [
        'status,operation,name,bucket,key,path,size,reason,attempts,elapsedMs,etag,verified,code,message,requestId,move',
        `done,upload,${name},bucket,${key},${path},7,newer,2,12,"""e""",checksum,,,,`,
        `failed,upload,bad,bucket,${key},${path},7,newer,3,,,,ERR_ACCESS_DENIED,"No, ""never""",r1,true`,
        'skipped,,clash,,,,,name-collision,,,,,,a is a file already,,',
        `planned,delete,${name},bucket,${key},,0,extra,,,,,,,,`,
        '',
      ].join('\n'),
    )
  })
})

describe('output that nobody reads', () => {
  it('holds up whoever writes until it is read, all at once', async () => {
    const pipe = new Pipe()
    const writer = new PacedWriter(pipe, never)
    expect(writer.write('1')).toBeUndefined()
    pipe.isFull = true
    const waiting = [writer.write('2'), writer.write('3')]
    expect(waiting[0]).toBeInstanceOf(Promise)
    expect(waiting[1]).toBe(waiting[0])
    expect(pipe.listenerCount('drain')).toBe(1)
    let isOver = false
    void waiting[0]?.then(() => (isOver = true))
    await delay(5)
    expect(isOver).toBe(false)
    pipe.emit('drain')
    await waiting[0]
    expect(['drain', 'error', 'close'].map((event) => pipe.listenerCount(event))).toEqual([0, 0, 0])
    pipe.isFull = false
    expect(writer.write('4')).toBeUndefined()
    expect(pipe.written).toEqual(['1', '2', '3', '4'])
  })

  it.each(['error', 'close'])('holds up nobody after %s', async (event) => {
    const pipe = new Pipe()
    pipe.isFull = true
    const waiting = new PacedWriter(pipe, never).write('1')
    pipe.emit(event, new Error('gone'))
    await waiting
  })

  it('holds up nobody who is interrupted', async () => {
    const pipe = new Pipe()
    pipe.isFull = true
    const cut = new AbortController()
    const writer = new PacedWriter(pipe, cut.signal)
    const waiting = writer.write('1')
    cut.abort()
    await waiting
    await writer.write('2')
    expect(pipe.listenerCount('drain')).toBe(0)
  })

  it.each([
    ['text', { json: false, quiet: false, debug: false }],
    ['JSON', { json: true, quiet: false, debug: false }],
  ])('holds up a tree that is told as %s', async (_, style) => {
    const streams = { stdout: new Pipe(), stderr: new Pipe() }
    streams.stdout.isFull = true
    const report = new TreeReport('bucket', 'a to b', style, never, streams)
    const [done] = OUTCOMES
    const waiting = done && report.outcome(done)
    expect(waiting).toBeInstanceOf(Promise)
    streams.stdout.emit('drain')
    await waiting
    expect(streams.stdout.written).toHaveLength(1)
  })

  it('holds up a tree for its report, too', async () => {
    const file = new ReportFile(join(directory(), 'slow.ndjson'), 'bucket', never)
    const [done] = OUTCOMES
    let waits = 0
    for (const outcome of Array.from({ length: 500 }, () => done)) {
      const waiting = outcome && file.add(outcome)
      if (waiting === undefined) continue
      waits += 1
      await waiting
    }
    await file.close()
    expect(waits).toBeGreaterThan(3)
  })
})
