/**
 * Files that are expected to be small: one job, and the way of every other file when that fails.
 */

import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PartJob } from '../../../src/pool/protocol.ts'
import { PROFILES } from '../../../src/store/profiles.ts'
import { uploadInput } from '../../../src/transfer/upload.ts'
import type { UploadWishes } from '../../../src/transfer/upload-spec.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import {
  checksumOfBytes,
  failed,
  makeRun,
  NOTHING_TAKEN,
  objectInfo,
  takenOf,
  type RunFixture,
} from './run-fixture.ts'

const directory = useTemporaryDirectory()
const BYTES = testBytes(5000)
const CRC = await checksumOfBytes(BYTES)
const WISHES: UploadWishes = {
  attributes: {},
  partSize: 8 * 1024 * 1024,
  multipartThreshold: 16 * 1024 * 1024,
  algorithm: 'CRC32',
  size: undefined,
  isChecksumChosen: false,
}

function setUp(bytes: Uint8Array | undefined, expectSmall = true): RunFixture & { path: string } {
  const path = join(directory(), 'source.txt')
  if (bytes !== undefined) writeFileSync(path, bytes)
  const fixture = makeRun({
    path,
    store: {
      settings: () =>
        Promise.resolve({
          region: 'us-east-1',
          requestChecksumCalculation: 'WHEN_SUPPORTED',
          responseChecksumValidation: 'WHEN_SUPPORTED',
          profile: PROFILES.generic,
        }),
      head: () => Promise.resolve(objectInfo({ size: BYTES.length, checksums: { CRC32: CRC } })),
    },
  })
  fixture.env.scheduler.lastFileWasSmall = expectSmall
  return { ...fixture, path }
}

function kinds({ executor }: RunFixture): string[] {
  return executor.jobs.map((job: PartJob) => job.kind)
}

describe('a file that is expected to be small', () => {
  it('goes in one job that opens it, with its media type', async () => {
    const fixture = setUp(BYTES)
    const result = await uploadInput(fixture.run, fixture.path, WISHES)
    expect(result).toMatchObject({ size: 5000, parts: 1, attempts: 1, verified: 'checksum' })
    expect(fixture.executor.jobs).toMatchObject([
      { kind: 'put-file', path: fixture.path, headers: ['content-type', 'text/plain'] },
    ])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
    expect(fixture.env.scheduler.lastFileWasSmall).toBe(true)
  })

  it('tells its size before the first byte moves when somebody listens', async () => {
    const fixture = setUp(BYTES)
    const heard: unknown[] = []
    fixture.env.events.on('start', ({ size, parts }) => heard.push({ size, parts }))
    fixture.env.events.on('part', ({ bytes, attempt }) => heard.push({ bytes, attempt }))
    fixture.executor.before = () => Promise.resolve(void heard.push('job'))
    await uploadInput(fixture.run, fixture.path, WISHES)
    expect(heard).toEqual([{ size: 5000, parts: 1 }, 'job', { bytes: 5000, attempt: 1 }])
  })

  it('goes on as any other when its first attempt fails, that one counted', async () => {
    const fixture = setUp(BYTES)
    const heard: string[] = []
    for (const name of ['start', 'retry', 'part'] as const) {
      fixture.env.events.on(name, () => heard.push(name))
    }
    fixture.executor.fault = (_, attempt) =>
      attempt === 1 ? failed('ERR_STORE_UNAVAILABLE') : undefined
    const result = await uploadInput(fixture.run, fixture.path, WISHES)
    expect(result).toMatchObject({ size: 5000, attempts: 2 })
    expect(kinds(fixture)).toEqual(['put-file', 'put'])
    expect(differenceOf(fixture.executor.sent.get('') ?? Buffer.alloc(0), BYTES)).toBeUndefined()
    expect(heard).toEqual(['start', 'retry', 'part'])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })

  it('is not tried again when the refusal is final', async () => {
    const fixture = setUp(BYTES)
    fixture.executor.fault = () => failed('ERR_ACCESS_DENIED', { status: 403 })
    await expect(uploadInput(fixture.run, fixture.path, WISHES)).rejects.toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      context: { status: 403, attempt: 1, partNumber: 1, path: fixture.path },
    })
    expect(kinds(fixture)).toEqual(['put-file'])
  })

  it('and is large after all goes up from the beginning, nothing counted', async () => {
    const fixture = setUp(BYTES)
    fixture.executor.fault = (job) =>
      job.kind === 'put-file' ? failed('ERR_OBJECT_TOO_LARGE') : undefined
    const result = await uploadInput(fixture.run, fixture.path, WISHES)
    expect(result).toMatchObject({ size: 5000, attempts: 1 })
    expect(kinds(fixture)).toEqual(['put-file', 'put'])
  })

  it.each([
    'ERR_SOURCE_NOT_FOUND',
    'ERR_SOURCE_NOT_FILE',
    'ERR_SOURCE_UNREADABLE',
    'ERR_SOURCE_CHANGED',
  ] as const)('fails with what the worker found: %s', async (code) => {
    const fixture = setUp(BYTES)
    fixture.executor.fault = () => failed(code)
    const error = expect.objectContaining({
      code,
      context: expect.objectContaining({ path: fixture.path, transferId: 1 }),
    })
    await expect(uploadInput(fixture.run, fixture.path, WISHES)).rejects.toEqual(error)
    expect(kinds(fixture)).toEqual(['put-file'])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })

  it('is stopped with the reason of the run', async () => {
    const fixture = setUp(BYTES)
    fixture.executor.before = () => Promise.resolve(fixture.run.abort('enough'))
    fixture.executor.fault = () => failed('ERR_ABORTED')
    await expect(uploadInput(fixture.run, fixture.path, WISHES)).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: 'enough',
    })
    expect(kinds(fixture)).toEqual(['put-file'])
  })
})

describe('a file', () => {
  it('alone, after a large one, is measured first', async () => {
    const fixture = setUp(BYTES, false)
    await uploadInput(fixture.run, fixture.path, WISHES)
    expect(kinds(fixture)).toEqual(['put'])
    expect(fixture.env.scheduler.lastFileWasSmall, 'the next is expected to be like it').toBe(true)
  })

  it('that is large changes what is expected of the next', async () => {
    const fixture = setUp(BYTES)
    truncateSync(fixture.path, 300_000)
    fixture.executor.fault = (job) =>
      job.kind === 'put-file' ? failed('ERR_OBJECT_TOO_LARGE') : failed('ERR_ACCESS_DENIED')
    await expect(uploadInput(fixture.run, fixture.path, WISHES)).rejects.toThrow()
    expect(fixture.env.scheduler.lastFileWasSmall).toBe(false)
  })

  it('among many is expected to be small', async () => {
    const fixture = setUp(BYTES, false)
    const { transfers } = fixture.env.scheduler
    for (let at = 0; at < 8; at += 1) await transfers.acquire(1, 1, fixture.run.signal)
    await uploadInput(fixture.run, fixture.path, WISHES)
    expect(kinds(fixture)).toEqual(['put-file'])
  })

  it.each([true, false])('that is none is told so, watched or not (%s)', async (isWatched) => {
    const fixture = setUp(undefined)
    mkdirSync(fixture.path)
    const started: unknown[] = []
    if (isWatched) fixture.env.events.on('start', (event) => started.push(event))
    fixture.executor.fault = () => failed('ERR_SOURCE_NOT_FILE')
    await expect(uploadInput(fixture.run, fixture.path, WISHES)).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FILE',
    })
    expect(started).toEqual([])
  })
})
