/**
 * Copies of objects that a listing showed: one job, and the way of every other copy where that fails.
 */

import { describe, expect, it } from 'vitest'
import type { PartDone, PartJob } from '../../../src/pool/protocol.ts'
import { AWS_LIMITS } from '../../../src/plan/limits.ts'
import { runCopy, type CopySpec } from '../../../src/transfer/copy.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import {
  checksumOfBytes,
  failed,
  makeRun,
  NOTHING_TAKEN,
  objectInfo,
  takenOf,
  type Fault,
  type RunFixture,
} from './run-fixture.ts'

const BYTES = testBytes(5000)
const CRC = await checksumOfBytes(BYTES)
const FROM = { bucket: 'other', key: 'from' }
const LISTED = { size: BYTES.length, etag: '"object"' }
const OF_SOURCE = { operation: 'GetObject', bucket: 'other', key: 'from' }
const OF_COPY = { operation: 'PutObject', bucket: 'bucket', key: 'key' }

const UPLOAD: CopySpec['upload'] = {
  attributes: {},
  partSize: undefined,
  multipartThreshold: 16 * 1024 * 1024,
  algorithm: 'CRC32C',
  sendChecksum: true,
  limits: AWS_LIMITS,
}

const SPEC: CopySpec = {
  from: FROM,
  listed: LISTED,
  upload: UPLOAD,
  isChecksumChosen: false,
  partSize: undefined,
  sourceAttributes: {},
  carry: [],
  compare: true,
  way: 'relay',
}

/** What a worker answers to a relay that went well. */
const RELAYED: PartDone = {
  ok: true,
  workerId: 3,
  digest: Buffer.from(CRC, 'base64'),
  length: BYTES.length,
  etag: '"copy"',
  headers: { 'x-amz-checksum-crc32': CRC, 'x-amz-version-id': 'v2' },
  elapsedMs: 1,
  relayed: ['"object"', 'v1', true, 'CRC32'],
}

/** @param fault of relays; the jobs of the long way do well, if nothing else is said */
function setUp(fault: Fault): RunFixture {
  const fixture = makeRun({
    store: {
      head: () => Promise.resolve(objectInfo({ size: BYTES.length, checksums: { CRC32: CRC } })),
    },
  })
  fixture.executor.object = BYTES
  fixture.executor.headers = { 'x-amz-checksum-crc32': CRC }
  fixture.executor.fault = fault
  return fixture
}

const ofRelays =
  (answer: ReturnType<Fault>): Fault =>
  (job) =>
    job.kind === 'relay' ? answer : undefined

function kinds({ executor }: RunFixture): string[] {
  return executor.jobs.map((job: PartJob) => job.kind)
}

describe('a small object that was listed', () => {
  it('is copied in one job, without HEAD', async () => {
    const fixture = setUp(ofRelays(RELAYED))
    const result = await runCopy(fixture.run, SPEC)
    expect(result).toMatchObject({
      source: { ...FROM, versionId: 'v1' },
      sourceEtag: '"object"',
      sourceVerified: 'checksum',
      etag: '"copy"',
      versionId: 'v2',
      checksum: { algorithm: 'CRC32', value: CRC, type: 'FULL_OBJECT' },
      verified: 'checksum',
      how: 'relay',
      size: 5000,
      parts: 1,
      attempts: 2,
    })
    expect(fixture.executor.jobs).toMatchObject([
      {
        kind: 'relay',
        sourceKey: 'from',
        etag: '"object"',
        length: 5000,
        sourceHeaders: ['x-amz-checksum-mode', 'ENABLED'],
      },
    ])
    expect(fixture.log).toEqual([])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })

  it('reports its plan and its part, and counts its bytes once', async () => {
    const fixture = setUp(ofRelays(RELAYED))
    const heard: unknown[] = []
    fixture.env.events.on('start', ({ size, parts }) => heard.push({ size, parts }))
    fixture.env.events.on('part', ({ bytes, attempt }) => heard.push({ bytes, attempt }))
    await runCopy(fixture.run, SPEC)
    expect(heard).toEqual([
      { size: 5000, parts: 1 },
      { bytes: 5000, attempt: 1 },
    ])
    expect(fixture.run.progress.snapshot.transferred).toBe(5000)
  })

  it('is looked at where the store does not repeat its checksum', async () => {
    const fixture = setUp(ofRelays({ ...RELAYED, headers: {} }))
    expect((await runCopy(fixture.run, SPEC)).verified).toBe('checksum')
    expect(fixture.log).toEqual(['head'])
  })

  it.each([
    ['is not known from a listing', { listed: undefined }],
    ['is large', { listed: { ...LISTED, size: 256 * 1024 + 1 } }],
    ['was made in parts', { listed: { ...LISTED, etag: '"0123-1"' } }],
    ['is named by its version', { from: { ...FROM, versionId: 'v' } }],
    ['is encrypted with a key of the caller', { sourceAttributes: { sseCustomerKey: 'k' } }],
    ['is to be in parts', { partSize: 1, upload: { ...UPLOAD, multipartThreshold: 1 } }],
    ['is to carry its class', { carry: ['storageClass'] }],
  ] as const)('goes the long way where it %s', async (_, changes) => {
    const fixture = setUp(() => failed('ERR_ACCESS_DENIED'))
    await runCopy(fixture.run, { ...SPEC, ...changes }).catch(() => undefined)
    expect(kinds(fixture)).not.toContain('relay')
    expect(fixture.log).toContain('head')
  })

  it('is not copied onto itself', async () => {
    const fixture = setUp(ofRelays(RELAYED))
    const { bucket, key } = fixture.run.info
    await runCopy(fixture.run, { ...SPEC, from: { bucket, key } }).catch(() => undefined)
    expect(kinds(fixture)).not.toContain('relay')
  })
})

describe('a small object that is not copied in one job', () => {
  it.each(['ERR_OBJECT_TOO_LARGE', 'ERR_OBJECT_CHANGED', 'ERR_PRECONDITION_FAILED'] as const)(
    'since its source is another than thought (%s) goes the long way, without a failure',
    async (code) => {
      const fixture = setUp(ofRelays(failed(code, OF_SOURCE)))
      let retries = 0
      fixture.env.events.on('retry', () => (retries += 1))
      const result = await runCopy(fixture.run, SPEC)
      expect(kinds(fixture)).toEqual(['relay', 'get', 'put'])
      expect(result).toMatchObject({
        attempts: 2,
        verified: 'checksum',
        sourceVerified: 'checksum',
      })
      expect(retries).toBe(0)
      expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
    },
  )

  it('is not tried for the next ones where it needs more than one job', async () => {
    const fixture = setUp(ofRelays(failed('ERR_OBJECT_TOO_LARGE', OF_SOURCE)))
    await runCopy(fixture.run, SPEC)
    expect(fixture.env.scheduler.oneJobRelays.mayTry()).toBe(false)
  })

  it('since the source refuses is repaired, told, and read again', async () => {
    const context = { ...OF_SOURCE, region: 'eu-x' }
    const fixture = setUp(ofRelays(failed('ERR_WRONG_REGION', context)))
    const heard: unknown[] = []
    fixture.env.events.on('retry', ({ error }) => heard.push([error.code, error.context.bucket]))
    const result = await runCopy(fixture.run, SPEC)
    expect(heard).toEqual([['ERR_WRONG_REGION', 'other']])
    expect(fixture.log).toContain('refresh other eu-x')
    expect(result.attempts).toBe(3)
  })

  it('since the PUT failed is sent again, that attempt counted', async () => {
    const fixture = setUp(ofRelays(failed('ERR_CONNECTION_LOST', OF_COPY)))
    const heard: unknown[] = []
    fixture.env.events.on('retry', ({ error, attempt }) => heard.push([error.code, attempt]))
    const result = await runCopy(fixture.run, SPEC)
    expect(kinds(fixture)).toEqual(['relay', 'get', 'put'])
    expect(heard).toEqual([['ERR_CONNECTION_LOST', 1]])
    expect(result.attempts).toBe(4)
  })

  it('since the thread was lost may have been written, and is sent again', async () => {
    const fixture = setUp(ofRelays(failed('ERR_WORKER_LOST')))
    expect(await runCopy(fixture.run, SPEC)).toMatchObject({ verified: 'checksum' })
    expect(kinds(fixture)).toEqual(['relay', 'get', 'put'])
  })

  it.each(['ERR_PRECONDITION_FAILED', 'ERR_ACCESS_DENIED'] as const)(
    'since the destination refuses it (%s) fails at once',
    async (code) => {
      const fixture = setUp(ofRelays(failed(code, OF_COPY)))
      await expect(runCopy(fixture.run, SPEC)).rejects.toMatchObject({ code, context: OF_COPY })
      expect(kinds(fixture)).toEqual(['relay'])
      expect(fixture.log).toEqual([])
      expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
    },
  )

  it('since it was aborted ends', async () => {
    const fixture = setUp(() => undefined)
    fixture.executor.before = () => {
      fixture.run.abort('enough')
      return Promise.resolve()
    }
    fixture.executor.fault = () => failed('ERR_ABORTED')
    await expect(runCopy(fixture.run, SPEC)).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(kinds(fixture)).toEqual(['relay'])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })
})

describe('a whole read', () => {
  it('of other bytes than are stored is not sent on the long way either', async () => {
    const fixture = setUp(() => undefined)
    fixture.executor.object = testBytes(BYTES.length, 9)
    const copy = runCopy(fixture.run, { ...SPEC, listed: undefined })
    await expect(copy).rejects.toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
    expect(kinds(fixture)).toEqual(['get'])
  })
})
