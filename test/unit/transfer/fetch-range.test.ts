import { describe, expect, it } from 'vitest'
import type { GetJob, PartResult } from '../../../src/pool/protocol.ts'
import { fetchRange, type FetchSpec } from '../../../src/transfer/fetch-range.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import { digestOf, failed, makeRun, writeTo, type RunFixture } from './run-fixture.ts'

const OBJECT = testBytes(10_000)
const RANGE = { offset: 2000, length: 5000 }
const WANTED = OBJECT.subarray(2000, 7000)

function spec(given: Partial<FetchSpec> = {}): FetchSpec {
  return {
    size: OBJECT.length,
    etag: '"e"',
    contentEncoding: undefined,
    query: '',
    headers: [],
    algorithm: 'CRC32',
    whole: false,
    ...given,
  }
}

function start(): RunFixture & { readonly buffer: SharedArrayBuffer } {
  const fixture = makeRun({ tuning: { maxAttempts: 3 } })
  fixture.executor.object = OBJECT
  return { ...fixture, buffer: new SharedArrayBuffer(RANGE.length) }
}

function getsOf({ executor }: RunFixture): GetJob[] {
  return executor.jobs.filter((job): job is GetJob => job.kind === 'get')
}

/** Breaks an attempt after `received` bytes, which arrive. */
async function breakAfter(
  fixture: RunFixture,
  algorithm: FetchSpec['algorithm'],
  pieces: readonly number[],
): Promise<void> {
  const answers: PartResult[] = []
  let offset = RANGE.offset
  for (const received of pieces) {
    const bytes = OBJECT.subarray(offset, offset + received)
    const digest = await digestOf(bytes, algorithm)
    answers.push(failed('ERR_CONNECTION_LOST', {}, { received, digest }))
    offset += received
  }
  fixture.executor.fault = (job, number) => {
    const answer = answers[number - 1]
    if (answer === undefined || job.kind !== 'get') return undefined
    const received = pieces[number - 1] ?? 0
    writeTo(job.sink, OBJECT.subarray(job.offset, job.offset + received))
    return answer
  }
}

describe('fetchRange', () => {
  it('asks for its range and puts it in its place', async () => {
    const fixture = start()
    const sink = { kind: 'memory' as const, buffer: fixture.buffer, offset: 0 }
    const { digest, length } = await fetchRange(fixture.run, spec(), RANGE, 1, sink)
    expect(length).toBe(5000)
    expect(Buffer.from(digest)).toEqual(Buffer.from(await digestOf(WANTED)))
    expect(getsOf(fixture)).toMatchObject([
      { offset: 2000, length: 5000, size: 10_000, etag: '"e"' },
    ])
    expect(differenceOf(Buffer.from(fixture.buffer), WANTED)).toBeUndefined()
  })

  it('goes on behind the last good byte, and combines the checksums of the pieces', async () => {
    const fixture = start()
    await breakAfter(fixture, 'CRC32', [1000, 1, 2500])
    const sink = { kind: 'memory' as const, buffer: fixture.buffer, offset: 0 }
    const { digest } = await fetchRange(fixture.run, spec(), RANGE, 1, sink)
    expect(
      getsOf(fixture).map(({ offset, length, sink }) => [offset, length, sink.offset]),
    ).toEqual([
      [2000, 5000, 0],
      [3000, 4000, 1000],
      [3001, 3999, 1001],
      [5501, 1499, 3501],
    ])
    expect(Buffer.from(digest)).toEqual(Buffer.from(await digestOf(WANTED)))
    expect(differenceOf(Buffer.from(fixture.buffer), WANTED)).toBeUndefined()
    expect(fixture.run.progress.snapshot.transferred).toBe(5000)
  })

  it('starts again where checksums cannot be combined', async () => {
    const fixture = start()
    await breakAfter(fixture, 'SHA256', [1000])
    const sink = { kind: 'memory' as const, buffer: fixture.buffer, offset: 0 }
    const { digest } = await fetchRange(fixture.run, spec({ algorithm: 'SHA256' }), RANGE, 1, sink)
    expect(getsOf(fixture).map(({ offset }) => offset)).toEqual([2000, 2000])
    expect(Buffer.from(digest)).toEqual(Buffer.from(await digestOf(WANTED, 'SHA256')))
    expect(fixture.run.progress.snapshot.transferred).toBe(5000)
  })

  it('starts again when all bytes came and the attempt failed nevertheless', async () => {
    const fixture = start()
    await breakAfter(fixture, 'CRC32', [5000])
    const sink = { kind: 'memory' as const, buffer: fixture.buffer, offset: 0 }
    await fetchRange(fixture.run, spec(), RANGE, 1, sink)
    expect(getsOf(fixture).map(({ offset, length }) => [offset, length])).toEqual([
      [2000, 5000],
      [2000, 5000],
    ])
  })

  it('continues a GET of the whole object with a range', async () => {
    const fixture = start()
    const digest = await digestOf(OBJECT.subarray(0, 10))
    fixture.executor.fault = (_job, number) =>
      number === 1 ? failed('ERR_READ_TIMEOUT', {}, { received: 10, digest }) : undefined
    const buffer = new SharedArrayBuffer(OBJECT.length)
    const sink = { kind: 'memory' as const, buffer, offset: 0 }
    const range = { offset: 0, length: OBJECT.length }
    await fetchRange(fixture.run, spec({ whole: true }), range, 1, sink)
    expect(getsOf(fixture).map(({ whole, offset }) => [whole, offset])).toEqual([
      [true, 0],
      [false, 10],
    ])
  })
})
