/**
 * The drivers of upload, download and read, with real bytes over fake ports.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { TransferEvents } from '../../../src/events.ts'
import type { ObjectInfo } from '../../../src/store/object-store.ts'
import { contentTypeOf } from '../../../src/transfer/content-type.ts'
import { runDownload, type DownloadSpec } from '../../../src/transfer/download.ts'
import { readObject } from '../../../src/transfer/read.ts'
import { runUpload } from '../../../src/transfer/upload.ts'
import { MemorySource } from '../../../src/transfer/upload-source.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'
import {
  checksumOfBytes,
  failed,
  makeRun,
  NOTHING_TAKEN,
  objectInfo,
  takenOf,
  uploadSpec,
  type RunFixture,
} from './run-fixture.ts'

const directory = useTemporaryDirectory()
const MiB = 1024 * 1024
const OBJECT = testBytes(10_500)
const CRC = await checksumOfBytes(OBJECT)
const COMPLETED = {
  etag: '"object"',
  versionId: undefined,
  checksums: {},
  checksumType: undefined,
  location: undefined,
}

function uploadRun(info: Partial<ObjectInfo> = {}): RunFixture {
  return makeRun({
    store: {
      completeMultipartUpload: () => Promise.resolve(COMPLETED),
      head: () =>
        Promise.resolve(objectInfo({ size: OBJECT.length, checksums: { CRC32: CRC }, ...info })),
    },
  })
}

function sourceOf(fixture: RunFixture, bytes: Uint8Array, isSized: boolean): MemorySource {
  const chunks = Readable.from(bytes.length === 0 ? [] : [bytes])
  return new MemorySource(fixture.run, chunks, isSized ? bytes.length : undefined)
}

function numbersTo(count: number): string {
  return Array.from({ length: count }, (_, index) => index + 1).join(',')
}

/** The parts that were sent, put together as the store would. */
function assembled({ executor }: RunFixture): Buffer {
  const parts = [...executor.sent].map(([query, bytes]) => {
    const number = Number(/partNumber=(\d+)/.exec(query)?.[1] ?? 0)
    return { number, bytes }
  })
  parts.sort((a, b) => a.number - b.number)
  return Buffer.concat(parts.map(({ bytes }) => bytes))
}

describe('an upload', () => {
  it.each([
    ['known size', testBytes(11 * MiB), true, 5 * MiB, 3],
    ['unknown size', OBJECT, false, 1000, 11],
  ])('of %s sends every byte once, in parts', async (_, bytes, isSized, partSize, parts) => {
    const value = await checksumOfBytes(bytes)
    const fixture = uploadRun({ size: bytes.length, checksums: { CRC32: value } })
    const events: TransferEvents['start'][] = []
    fixture.env.events.on('start', (event) => events.push(event))
    const source = sourceOf(fixture, bytes, isSized)
    const result = await runUpload(fixture.run, source, uploadSpec({ partSize }))
    expect(differenceOf(assembled(fixture), bytes)).toBeUndefined()
    expect(result).toMatchObject({
      size: bytes.length,
      parts,
      verified: 'checksum',
      checksum: { value },
    })
    expect(fixture.log).toEqual(['create', `complete ${numbersTo(parts)}`, 'head'])
    expect(events[0]?.size).toBe(isSized ? bytes.length : undefined)
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })

  it.each([true, false])('of few bytes is one PUT (size known: %s)', async (isSized) => {
    const bytes = OBJECT.subarray(0, 999)
    const value = await checksumOfBytes(bytes)
    const fixture = uploadRun({ size: 999, checksums: { CRC32: value } })
    const source = sourceOf(fixture, bytes, isSized)
    const result = await runUpload(fixture.run, source, uploadSpec())
    expect([...fixture.executor.sent.keys()]).toEqual([''])
    expect(differenceOf(assembled(fixture), bytes)).toBeUndefined()
    expect(result).toMatchObject({ size: 999, parts: 1, verified: 'checksum' })
    expect(fixture.log).toEqual(['head'])
  })

  it.each([true, false])('of no bytes is one PUT of none (size known: %s)', async (isSized) => {
    const fixture = uploadRun({ size: 0, checksums: { CRC32: 'AAAAAA==' } })
    const source = sourceOf(fixture, Buffer.alloc(0), isSized)
    expect(await runUpload(fixture.run, source, uploadSpec())).toMatchObject({
      size: 0,
      verified: 'checksum',
    })
    expect(fixture.executor.jobs).toMatchObject([{ kind: 'put', length: 0 }])
  })

  it('that fails aborts what it began, after all jobs have answered', async () => {
    const fixture = uploadRun()
    const { executor, log, run, env } = fixture
    executor.fault = (job) =>
      job.kind === 'put' && job.query.includes('partNumber=4')
        ? failed('ERR_ACCESS_DENIED')
        : undefined
    let atWork = 0
    executor.before = async () => {
      atWork += 1
      await new Promise((resolve) => setTimeout(resolve, 2))
      atWork -= 1
    }
    const running = runUpload(run, sourceOf(fixture, OBJECT, false), uploadSpec())
    await expect(running).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect(atWork).toBe(0)
    expect(log.slice(-2)).toEqual(['abort upload-1', 'list upload-1'])
    expect(log.some((line) => line.startsWith('complete'))).toBe(false)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('that is aborted leaves nothing behind', async () => {
    const fixture = uploadRun()
    const { executor, log, run, env, controller } = fixture
    executor.before = () => {
      if (executor.jobs.length === 3) controller.abort()
      return Promise.resolve()
    }
    const running = runUpload(run, sourceOf(fixture, OBJECT, false), uploadSpec())
    await expect(running).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(log.slice(-2)).toEqual(['abort upload-1', 'list upload-1'])
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('whose stored checksum differs fails and aborts', async () => {
    const fixture = uploadRun({ checksums: { CRC32: 'AAAAAA==' } })
    const running = runUpload(fixture.run, sourceOf(fixture, OBJECT, false), uploadSpec())
    await expect(running).rejects.toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
    expect(fixture.log).toContain('abort upload-1')
  })
})

function downloadRun(info: Partial<ObjectInfo> = {}): RunFixture {
  const fixture = makeRun({
    store: {
      head: () =>
        Promise.resolve(objectInfo({ size: OBJECT.length, checksums: { CRC32: CRC }, ...info })),
    },
  })
  fixture.executor.object = OBJECT
  return fixture
}

const SPEC: DownloadSpec = {
  object: { bucket: 'bucket', key: 'key' },
  attributes: {},
  partSize: 1000,
  compare: true,
}

describe('a download', () => {
  it('puts every range in its place, whatever the order they end in', async () => {
    const fixture = downloadRun()
    const { executor, run, env } = fixture
    executor.before = (job) =>
      new Promise((resolve) => setTimeout(resolve, job.kind === 'get' ? 12 - job.offset / 1000 : 0))
    const path = join(directory(), 'target')
    const result = await runDownload(run, SPEC, path)
    expect(differenceOf(readFileSync(path), OBJECT)).toBeUndefined()
    expect(result).toMatchObject({ size: 10_500, parts: 11, verified: 'checksum', path })
    expect(executor.jobs.every((job) => job.kind === 'get' && job.etag === '"object"')).toBe(true)
    expect(readdirSync(directory())).toEqual(['target'])
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('of no bytes makes an empty file without a request for payload', async () => {
    const { run, executor } = downloadRun({ size: 0, checksums: { CRC32: 'AAAAAA==' } })
    const path = join(directory(), 'empty')
    expect(await runDownload(run, SPEC, path)).toMatchObject({ size: 0, verified: 'checksum' })
    expect(readFileSync(path)).toHaveLength(0)
    expect(executor.jobs).toEqual([])
  })

  it('computes a stored hash of the whole over the finished file', async () => {
    const value = await checksumOfBytes(OBJECT, 'SHA256')
    const { run, executor } = downloadRun({ checksums: { SHA256: value } })
    const result = await runDownload(run, SPEC, join(directory(), 'target'))
    expect(result).toMatchObject({ verified: 'checksum', checksum: { algorithm: 'SHA256', value } })
    expect(executor.jobs.at(-1)).toMatchObject({ kind: 'digest', length: 10_500 })
    expect(run.progress.snapshot.transferred, 'the pass moves nothing').toBe(10_500)
  })

  it.each<[string, (fixture: RunFixture) => void, string]>([
    [
      'a range is refused',
      ({ executor }) => {
        executor.fault = (job) =>
          job.kind === 'get' && job.offset === 3000 ? failed('ERR_OBJECT_CHANGED') : undefined
      },
      'ERR_OBJECT_CHANGED',
    ],
    [
      'a byte is wrong',
      ({ executor }) => {
        const damaged = Buffer.from(OBJECT)
        damaged[5000] = (damaged[5000] ?? 0) ^ 1
        executor.object = damaged
      },
      'ERR_CHECKSUM_MISMATCH',
    ],
    [
      'it is aborted',
      ({ executor, controller }) => {
        executor.before = () => {
          controller.abort()
          return Promise.resolve()
        }
      },
      'ERR_ABORTED',
    ],
  ])('leaves the old file as it was when %s', async (_, prepare, code) => {
    const fixture = downloadRun()
    prepare(fixture)
    const path = join(directory(), 'target')
    writeFileSync(path, 'old')
    await expect(runDownload(fixture.run, SPEC, path)).rejects.toMatchObject({ code })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(directory())).toEqual(['target'])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })
})

describe('a read', () => {
  it('hands out the bytes in order, whatever the order the ranges come in', async () => {
    const { run, executor, env } = downloadRun()
    executor.before = (job) =>
      new Promise((resolve) =>
        setTimeout(resolve, job.kind === 'get' ? (job.offset / 1000) % 4 : 0),
      )
    const chunks: Buffer[] = []
    for await (const chunk of readObject(run, SPEC)) chunks.push(chunk)
    expect(differenceOf(Buffer.concat(chunks), OBJECT)).toBeUndefined()
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('fetches no further ahead of a slow reader than its budget', async () => {
    const fixture = makeRun({
      tuning: { memoryLimit: 3000, maxInFlight: 8 },
      store: { head: () => Promise.resolve(objectInfo({ size: OBJECT.length })) },
    })
    fixture.executor.object = OBJECT
    let read = 0
    for await (const chunk of readObject(fixture.run, SPEC)) {
      read += chunk.length
      await new Promise((resolve) => setTimeout(resolve, 2))
      const asked = fixture.executor.jobs.length * 1000
      expect(asked - read).toBeLessThanOrEqual(3000)
    }
    expect(read).toBe(10_500)
  })

  it('throws at the end when the bytes are not those stored', async () => {
    const { run, env } = downloadRun({ checksums: { CRC32: 'AAAAAA==' } })
    let read = 0
    const reading = (async () => {
      for await (const chunk of readObject(run, SPEC)) read += chunk.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
    expect(read).toBe(10_500)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('cuts what is on its way when the reader leaves, and gives all memory back', async () => {
    const { run, executor, env } = downloadRun()
    for await (const chunk of readObject(run, SPEC)) {
      expect(chunk.length).toBe(1000)
      break
    }
    expect(executor.cancelled).toEqual([1])
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })

  it('throws the error of a range in its turn', async () => {
    const { run, executor, env } = downloadRun()
    executor.fault = (job) =>
      job.kind === 'get' && job.offset === 4000 ? failed('ERR_OBJECT_NOT_FOUND') : undefined
    let read = 0
    const reading = (async () => {
      for await (const chunk of readObject(run, SPEC)) read += chunk.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_OBJECT_NOT_FOUND' })
    expect(read).toBe(4000)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })
})

describe('the content type', () => {
  it.each([
    ['a.html', 'text/html'],
    ['dir.d/b.JSON', 'application/json'],
    ['tarball.tar.gz', 'application/gzip'],
    ['no-extension', undefined],
    ['odd.unheard-of', undefined],
  ])('of %s is %s', async (name, type) => {
    expect(await contentTypeOf(name)).toBe(type)
  })
})
