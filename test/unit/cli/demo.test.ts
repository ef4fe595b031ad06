import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { renderDemo, type DemoResult } from '../../../src/cli/demo/demo-report.ts'
import { sha256OfFile, writeRandomFile } from '../../../src/cli/demo/random-file.ts'
import { SharedState, WorkerState } from '../../../src/pool/shared-state.ts'
import { MiB } from '../../../src/units.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'transfer-engine-demo-test-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

describe('the file of the demo', () => {
  const { signal } = new AbortController()

  it.each([1, 4 * MiB, 9 * MiB + 3])('has %i random bytes, and is hashed whole', async (size) => {
    const path = join(dir, String(size))
    await writeRandomFile(path, size, signal)
    expect(statSync(path).size).toBe(size)
    const expected = createHash('sha256').update(readFileSync(path)).digest('hex')
    expect(await sha256OfFile(path, signal)).toBe(expected)
  })

  it('does not repeat itself', async () => {
    const path = join(dir, 'two-blocks')
    await writeRandomFile(path, 8 * MiB, signal)
    const bytes = readFileSync(path)
    expect(bytes.subarray(0, 4 * MiB).equals(bytes.subarray(4 * MiB))).toBe(false)
  })

  it('is given up when told to', async () => {
    const stopped = AbortSignal.abort(new Error('stop'))
    await expect(writeRandomFile(join(dir, 'none'), 8 * MiB, stopped)).rejects.toThrow('stop')
  })
})

describe('the report of the demo', () => {
  const shared = new SharedState(1)
  const state = new WorkerState(shared.buffer, 1, 1)
  state.add('opened', 4)
  state.add('reused', 12)
  state.add('requests', 16)
  state.add('bytesSent', 128 * MiB)
  const result: DemoResult = {
    size: 128 * MiB,
    sha256: { source: 'aaaa', copy: 'aaaa' },
    equal: true,
    peakRss: 100 * MiB,
    measurements: [
      {
        direction: 'upload',
        bytes: 128 * MiB,
        elapsedMs: 500,
        cpuSecondsPerGiB: 1.234,
        parts: 16,
        retries: 2,
        verified: 'CRC32',
        connectionsOpened: 4,
        connectionsReused: 12,
        workers: shared.workers(),
      },
    ],
  }

  it('has a row for each direction and each worker', () => {
    const text = renderDemo(result)
    expect(text).toMatch(/^upload +134217728 +0\.50 +256 +1\.23 +16 +2 +CRC32$/m)
    expect(text).toMatch(/^upload, worker 1 +4 +12 +16 +128 MiB$/m)
    expect(text).toContain('SHA-256 of both files is equal: aaaa\n')
    expect(text).toContain('Peak memory of this process: 100 MiB\n')
  })

  it('says when the files differ', () => {
    const text = renderDemo({ ...result, equal: false, sha256: { source: 'aaaa', copy: 'bbbb' } })
    expect(text).toContain('SHA-256 differs: aaaa was sent, bbbb came back\n')
  })
})
