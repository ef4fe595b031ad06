import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import type { Outcome } from './cli-command.ts'
import { big, useCopyBed } from './cli-fixture.ts'

const MiB = 1024 * 1024
const bed = useCopyBed()
const { cp, stored } = bed

describe('cp with streams', () => {
  it('uploads standard input', async () => {
    expect(await cp(['-', 's3://test/stdin', '--quiet'], { input: big })).toMatchObject({
      code: 0,
      out: '',
      err: '',
    })
    expect(differenceOf(stored('stdin')?.bytes() ?? Buffer.alloc(0), big)).toBeUndefined()
  })

  it('uploads standard input that is empty', async () => {
    expect(await cp(['-', 's3://test/empty'])).toMatchObject({ code: 0 })
    expect(stored('empty')?.size).toBe(0)
  })

  it('writes nothing but the object to standard output', async () => {
    await cp(['big.bin', 's3://test/stdout', '--quiet'])
    for (const style of [[], ['--json'], ['--quiet']]) {
      const result = await cp(['s3://test/stdout', '-', ...style])
      expect(result.code).toBe(0)
      expect(differenceOf(result.stdout, big)).toBeUndefined()
    }
  })

  it('ends quietly when nobody reads on', async () => {
    await cp(['big.bin', 's3://test/pipe', '--quiet'])
    const result = await cp(['s3://test/pipe', '-'], {
      during: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
    })
    expect(result).toMatchObject({ code: 141, err: '' })
  })

  it.each([
    ['the object', ['s3://test/full', '-']],
    ['the events', ['small.txt', 's3://test/full', '--json']],
    ['the help', ['--help']],
  ])('tells that %s could not be written to standard output', async (_name, argv) => {
    await cp(['small.txt', 's3://test/full', '--quiet'])
    const result = await cp(argv, { outputTo: '/dev/full' })
    expect(result.code).toBe(1)
    expect(result.err).toMatch(/ERR_DISK_FULL Cannot write standard output: ENOSPC\n/)
  })

  it('leaves no upload behind when the reader of its events goes away', async () => {
    const match = { operation: 'UploadPart', partNumber: 2 }
    bed.store.faults.add({ match, fault: { kind: 'delay', ms: 500 } })
    const result = await cp(['big.bin', 's3://test/deaf', '--json'], {
      during: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
    })
    bed.store.faults.clear()
    expect(result).toMatchObject({ code: 141, err: '' })
    expect(bed.store.uploads()).toEqual([])
    expect(stored('deaf')).toBeUndefined()
  })
})

describe('cp that is interrupted', () => {
  const stall = { kind: 'stall-request', afterBytes: 1 * MiB } as const

  /** Sends the signal when bytes move, and once more after `againMs`. */
  const interrupted = async (
    argv: readonly string[],
    signal: NodeJS.Signals,
    againMs?: number,
  ): Promise<Outcome> => {
    const before = bed.store.requests.entries().length
    const result = await cp(argv, {
      during: (child) => {
        const timer = setInterval(() => {
          const isMoving = bed.store.requests
            .entries()
            .slice(before)
            .some(({ operation }) => operation === 'UploadPart' || operation === 'GetObject')
          if (!isMoving) return
          clearInterval(timer)
          setTimeout(() => child.kill(signal), 200)
          if (againMs !== undefined) setTimeout(() => child.kill(signal), 200 + againMs)
        }, 10)
        child.once('close', () => clearInterval(timer))
      },
    })
    bed.store.faults.clear()
    return result
  }

  it('leaves no multipart upload open', async () => {
    bed.store.faults.add({ match: { operation: 'UploadPart' }, fault: stall })
    const result = await interrupted(['big.bin', 's3://test/interrupted'], 'SIGINT')
    expect(result.code).toBe(130)
    expect(result.err).toContain('interrupted, cleaning up')
    expect(result.err).toContain('ERR_ABORTED')
    expect(bed.store.uploads()).toEqual([])
    expect(stored('interrupted')).toBeUndefined()
  })

  it('does not wait for a standard input that stays silent', async () => {
    const result = await cp(['-', 's3://test/silent'], {
      keepInputOpen: true,
      input: testBytes(6 * MiB),
      during: (child) => setTimeout(() => child.kill('SIGINT'), 1500),
    })
    expect(result.code).toBe(130)
    expect(bed.store.uploads()).toEqual([])
    expect(stored('silent')).toBeUndefined()
  })

  it('exits at once the second time', async () => {
    bed.store.faults.add({ match: { operation: 'UploadPart' }, fault: stall })
    const late = { kind: 'delay', ms: 20_000 } as const
    bed.store.faults.add({ match: { operation: 'AbortMultipartUpload' }, fault: late })
    const startedAt = performance.now()
    const result = await interrupted(['big.bin', 's3://test/twice'], 'SIGINT', 700)
    expect(result.code).toBe(130)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(
      bed.store.requests.entries({ operation: 'AbortMultipartUpload', key: 'twice' }),
    ).toHaveLength(1)
    bed.store.reset()
  })

  it('leaves no temporary file, and the old one as it was', async () => {
    await cp(['big.bin', 's3://test/slow', '--quiet'])
    const target = join(bed.dir, 'target')
    await mkdir(target)
    await writeFile(join(target, 'slow'), 'old')
    const fault = { kind: 'stall-response', afterBytes: 1 * MiB } as const
    bed.store.faults.add({ match: { operation: 'GetObject' }, fault })
    const result = await interrupted(['s3://test/slow', 'target'], 'SIGTERM')
    expect(result.code).toBe(143)
    expect(await readdir(target)).toEqual(['slow'])
    expect((await readFile(join(target, 'slow'))).toString()).toBe('old')
  })
})
