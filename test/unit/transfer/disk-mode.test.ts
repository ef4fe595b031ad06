/** What the drivers hand to workers, and what memory they take, where files pass the page cache by. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ByteLocation } from '../../../src/pool/protocol.ts'
import { jobRow, jobsOf } from '../../../src/pool/rows.ts'
import { runDownload } from '../../../src/transfer/download.ts'
import { FileSource } from '../../../src/transfer/upload-source.ts'
import { TargetFile } from '../../../src/transfer/target-file.ts'
import { KiB, MiB } from '../../../src/units.ts'
import { hasDirectDisk, isDirect } from '../../helpers/direct-disk.ts'
import { descriptors, leftOpen } from '../../helpers/descriptors.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { getJob } from '../workers/runner-fixture.ts'
import { checksumOfBytes, makeRun, NOTHING_TAKEN, objectInfo, takenOf } from './run-fixture.ts'

const directory = useTemporaryDirectory()
const CONTEXT = { transferId: 1, bucket: 'b', key: 'k' }

/** The direct descriptor of a place, which must be one. */
function directOf(place: ByteLocation | undefined): number | undefined {
  const direct = place?.kind === 'file' ? place.direct : undefined
  if (direct !== undefined) expect(isDirect(direct)).toBe(true)
  return direct
}

function source(size: number): string {
  const path = join(directory(), 'source.bin')
  writeFileSync(path, testBytes(size))
  return path
}

describe.runIf(hasDirectDisk())('a source', () => {
  it('in direct mode holds each of its parts, and the memory for it', async () => {
    const before = await descriptors()
    const { run, env } = makeRun({ tuning: { diskMode: 'direct', memoryLimit: 64 * MiB } })
    const file = await FileSource.open(run, source(4 * MiB))
    expect(file.holdsParts).toBe(true)
    const [one, other] = [await file.next(3 * MiB), await file.next(3 * MiB)]
    expect([directOf(one?.location), directOf(other?.location)]).not.toContain(undefined)
    expect(takenOf(env)).toMatchObject({ memory: 4 * MiB })
    one?.release()
    other?.release()
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
    await file.close()
    expect(await leftOpen(before)).toEqual([])
  })

  it('has a part of which not four fit into the memory read the usual way', async () => {
    const { run, env } = makeRun({ tuning: { diskMode: 'direct', memoryLimit: 8 * MiB } })
    const file = await FileSource.open(run, source(3 * MiB))
    const part = await file.next(2 * MiB + 1)
    expect(directOf(part?.location)).toBeUndefined()
    expect(takenOf(env)).toMatchObject({ memory: 256 * KiB })
    await file.close()
  })

  it('is read the usual way in the other modes, unless it is large', async () => {
    for (const diskMode of ['buffered', 'auto'] as const) {
      const { run } = makeRun({ tuning: { diskMode } })
      const file = await FileSource.open(run, source(MiB))
      expect(file.holdsParts).toBe(false)
      expect(directOf((await file.next(MiB))?.location)).toBeUndefined()
      await file.close()
    }
  })
})

describe.runIf(hasDirectDisk())('a target', () => {
  it('has both descriptors in direct mode, and closes both', async () => {
    const before = await descriptors()
    const target = await TargetFile.create(join(directory(), 'target'), 100, CONTEXT)
    expect([target.isDirect, directOf(target.location(7))]).toEqual([false, undefined])
    await target.passCache('direct', 100)
    const direct = directOf(target.location(7))
    expect(target.location(7)).toMatchObject({ kind: 'file', offset: 7, direct })
    expect([target.isDirect, direct === undefined]).toEqual([true, false])
    await target.passCache('direct', 100)
    expect(directOf(target.location(0))).toBe(direct)
    await target.commit()
    expect(await leftOpen(before)).toEqual([])
  })

  it('is written with pages that are paid for', async () => {
    const bytes = testBytes(3 * MiB)
    const value = await checksumOfBytes(bytes)
    const info = objectInfo({ size: bytes.length, checksums: { CRC32: value } })
    const fixture = makeRun({
      tuning: { diskMode: 'direct', memoryLimit: 8 * MiB },
      store: { head: () => Promise.resolve(info) },
    })
    const { run, env, executor } = fixture
    executor.object = bytes
    const most: number[] = []
    executor.before = async (job) => {
      if (job.kind === 'get') expect(directOf(job.sink)).toBeDefined()
      most.push(env.scheduler.memory.taken)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const object = { bucket: 'bucket', key: 'key' }
    const spec = { object, attributes: {}, partSize: 128 * KiB, compare: true }
    await runDownload(run, spec, join(directory(), 'target'))
    expect(Math.max(...most)).toBe(8 * MiB)
    expect(takenOf(env)).toEqual(NOTHING_TAKEN)
  })
})

describe('a job', () => {
  it('keeps its direct descriptor on its way to a thread', () => {
    const sink = { kind: 'file' as const, fd: 7, direct: 8, offset: 9 }
    const row = jobRow(getJob({ sink, length: 1, size: 1 }))
    const [job] = jobsOf({ route: undefined, numbers: [1], jobs: [row] })
    expect(job).toMatchObject({ sink })
  })
})
