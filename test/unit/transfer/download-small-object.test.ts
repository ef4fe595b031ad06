/**
 * Objects that are expected to be small: one job, and the way of every other object otherwise.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runDownload, type DownloadSpec } from '../../../src/transfer/download.ts'
import { SizeGuess } from '../../../src/transfer/size-guess.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
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
const OBJECT = testBytes(5000)
const CRC = await checksumOfBytes(OBJECT)

const SPEC: DownloadSpec = {
  object: { bucket: 'bucket', key: 'key' },
  attributes: {},
  partSize: 8 * 1024 * 1024,
  compare: true,
}

function setUp(
  given: { readonly bytes?: Buffer; readonly expectSmall?: boolean } = {},
): RunFixture {
  const { bytes = OBJECT, expectSmall = true } = given
  const fixture = makeRun({
    store: {
      head: () => Promise.resolve(objectInfo({ size: bytes.length, checksums: { CRC32: CRC } })),
    },
  })
  fixture.executor.object = bytes
  fixture.executor.headers = { 'x-amz-checksum-crc32': CRC, 'x-amz-version-id': 'v1' }
  if (expectSmall) fixture.env.scheduler.smallObjects.note(true)
  return fixture
}

const target = (): string => join(directory(), 'target')
const kinds = ({ executor }: RunFixture): string[] => executor.jobs.map(({ kind }) => kind)

describe('an object that is expected to be small', () => {
  it('comes in one job without HEAD', async () => {
    const fixture = setUp()
    const heard: string[] = []
    for (const name of ['start', 'part', 'retry'] as const) {
      fixture.env.events.on(name, () => heard.push(name))
    }
    const result = await runDownload(fixture.run, SPEC, target())
    expect(result).toMatchObject({
      object: { bucket: 'bucket', key: 'key', versionId: 'v1' },
      path: target(),
      size: 5000,
      checksum: { algorithm: 'CRC32', value: CRC, type: 'FULL_OBJECT' },
      verified: 'checksum',
      parts: 1,
      attempts: 1,
    })
    expect(fixture.log).toEqual([])
    expect(fixture.executor.jobs).toMatchObject([
      { kind: 'get-file', path: target(), compare: true, query: '' },
    ])
    expect(heard).toEqual(['start', 'part'])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })

  it('is asked for its checksum, unless that is not to be compared', async () => {
    for (const compare of [true, false]) {
      const fixture = setUp()
      const result = await runDownload(fixture.run, { ...SPEC, compare }, target())
      const [job] = fixture.executor.jobs
      const headers = job?.kind === 'get-file' ? job.headers : []
      expect(headers.includes('x-amz-checksum-mode')).toBe(compare)
      expect(result.verified).toBe(compare ? 'checksum' : 'size')
    }
  })

  it('of a version is asked for by that version', async () => {
    const fixture = setUp()
    const object = { ...SPEC.object, versionId: 'a b' }
    const result = await runDownload(fixture.run, { ...SPEC, object }, target())
    expect(fixture.executor.jobs).toMatchObject([{ query: 'versionId=a%20b' }])
    expect(result.object.versionId).toBe('a b')
  })

  it('and is none begins with HEAD, nothing counted, and four must be small before the next', async () => {
    const fixture = setUp()
    fixture.executor.fault = (job) =>
      job.kind === 'get-file' ? failed('ERR_OBJECT_TOO_LARGE') : undefined
    const result = await runDownload(fixture.run, SPEC, target())
    expect(result).toMatchObject({ size: 5000, attempts: 1, verified: 'checksum' })
    expect(fixture.log).toEqual(['head'])
    expect(kinds(fixture)).toEqual(['get-file', 'get'])
    expect(readFileSync(target()).equals(OBJECT)).toBe(true)
    const { smallObjects } = fixture.env.scheduler
    expect(await smallObjects.isSmall(100, fixture.run.stopping)).toBe(false)
  })

  it('is tried again from HEAD when its request fails, that one counted', async () => {
    const fixture = setUp()
    const retries: unknown[] = []
    fixture.env.events.on('retry', ({ error }) => retries.push(error.code))
    fixture.executor.fault = (job) =>
      job.kind === 'get-file' ? failed('ERR_THROTTLED', { retryAfterMs: 1 }) : undefined
    const result = await runDownload(fixture.run, SPEC, target())
    expect(result).toMatchObject({ attempts: 2, verified: 'checksum' })
    expect(retries).toEqual(['ERR_THROTTLED'])
  })

  it('leaves no temporary file of a thread that was lost', async () => {
    const fixture = setUp()
    let temporary = ''
    fixture.executor.fault = (job) => {
      if (job.kind !== 'get-file') return undefined
      temporary = job.temporary
      writeFileSync(temporary, 'half')
      return failed('ERR_WORKER_LOST')
    }
    await runDownload(fixture.run, { ...SPEC, token: '0123' }, target())
    expect(dirname(temporary)).toBe(directory())
    expect(basename(temporary)).toMatch(/^\.target\.0123\.[0-9a-f]{8}\.part$/)
    expect(existsSync(temporary)).toBe(false)
    expect(readdirSync(directory())).toEqual(['target'])
  })

  it('is stopped with the reason of the run', async () => {
    const fixture = setUp()
    fixture.executor.before = () => Promise.resolve(fixture.run.abort('enough'))
    fixture.executor.fault = () => failed('ERR_ABORTED')
    await expect(runDownload(fixture.run, SPEC, target())).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: 'enough',
    })
    expect(fixture.log).toEqual([])
    expect(takenOf(fixture.env)).toEqual(NOTHING_TAKEN)
  })
})

describe('a guess of sizes', () => {
  const never = new AbortController().signal

  it('is never small for a few while nothing is known', async () => {
    const guess = new SizeGuess()
    expect(await guess.isSmall(7, never)).toBe(false)
    expect(await guess.isSmall(8, never)).toBe(true)
  })

  it.each([
    ['small', (guess: SizeGuess) => guess.note(true), true],
    ['large', (guess: SizeGuess) => guess.note(false), false],
    ['unknown', (guess: SizeGuess) => guess.giveUp(), false],
  ])('of many tries one, and the others follow it when that is %s', async (_, end, others) => {
    const guess = new SizeGuess()
    expect(await guess.isSmall(64, never)).toBe(true)
    const asked = [1, 2, 3].map(() => guess.isSmall(64, never))
    const early = await Promise.race([asked[0], new Promise((resolve) => setImmediate(resolve))])
    expect(early, 'they wait').toBeUndefined()
    end(guess)
    expect(await Promise.all(asked)).toEqual([others, others, others])
  })

  it('keeps nobody waiting who is stopped', async () => {
    const guess = new SizeGuess()
    await guess.isSmall(64, never)
    const stopped = new AbortController()
    const waiting = guess.isSmall(64, stopped.signal)
    stopped.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })

  it('follows what came before, and a large one outweighs three small ones', async () => {
    const guess = new SizeGuess()
    guess.note(true)
    expect(await guess.isSmall(1, never)).toBe(true)
    guess.giveUp()
    expect(await guess.isSmall(1, never), 'nothing new was learnt').toBe(true)
    guess.note(false)
    const seen: boolean[] = []
    for (let count = 1; count <= 4; count += 1) {
      guess.note(true)
      seen.push(await guess.isSmall(64, never))
    }
    expect(seen).toEqual([false, false, false, true])
  })
})
