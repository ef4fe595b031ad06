import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment, type Outcome, type RunOptions } from './cli-command.ts'

const MiB = 1024 * 1024
const big = testBytes(20 * MiB + 7, 1)
const small = testBytes(1000, 2)

let store: LocalStore
let dir = ''
beforeAll(async () => {
  store = await startLocalStore({ buckets: ['test'] })
  dir = await mkdtemp(join(tmpdir(), 'transfer-engine-cli-'))
  await writeFile(join(dir, 'big.bin'), big)
  await writeFile(join(dir, 'small.txt'), small)
})
afterAll(async () => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

const cp = (argv: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  run(['cp', ...argv], {
    cwd: dir,
    ...options,
    env: { ...storeEnvironment(store), ...options.env },
  })
const stored = (key: string) => store.objects('test').find((object) => object.key === key)

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
    store.faults.add({ match, fault: { kind: 'delay', ms: 500 } })
    const result = await cp(['big.bin', 's3://test/deaf', '--json'], {
      during: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
    })
    store.faults.clear()
    expect(result).toMatchObject({ code: 141, err: '' })
    expect(store.uploads()).toEqual([])
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
    const before = store.requests.entries().length
    const result = await cp(argv, {
      during: (child) => {
        const timer = setInterval(() => {
          const isMoving = store.requests
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
    store.faults.clear()
    return result
  }

  it('leaves no multipart upload open', async () => {
    store.faults.add({ match: { operation: 'UploadPart' }, fault: stall })
    const result = await interrupted(['big.bin', 's3://test/interrupted'], 'SIGINT')
    expect(result.code).toBe(130)
    expect(result.err).toContain('interrupted, cleaning up')
    expect(result.err).toContain('ERR_ABORTED')
    expect(store.uploads()).toEqual([])
    expect(stored('interrupted')).toBeUndefined()
  })

  it('does not wait for a standard input that stays silent', async () => {
    const result = await cp(['-', 's3://test/silent'], {
      keepInputOpen: true,
      input: testBytes(6 * MiB),
      during: (child) => setTimeout(() => child.kill('SIGINT'), 1500),
    })
    expect(result.code).toBe(130)
    expect(store.uploads()).toEqual([])
    expect(stored('silent')).toBeUndefined()
  })

  it('exits at once the second time', async () => {
    store.faults.add({ match: { operation: 'UploadPart' }, fault: stall })
    const late = { kind: 'delay', ms: 20_000 } as const
    store.faults.add({ match: { operation: 'AbortMultipartUpload' }, fault: late })
    const startedAt = performance.now()
    const result = await interrupted(['big.bin', 's3://test/twice'], 'SIGINT', 700)
    expect(result.code).toBe(130)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(
      store.requests.entries({ operation: 'AbortMultipartUpload', key: 'twice' }),
    ).toHaveLength(1)
    store.reset()
  })

  it('leaves no temporary file, and the old one as it was', async () => {
    await cp(['big.bin', 's3://test/slow', '--quiet'])
    const target = join(dir, 'target')
    await mkdir(target)
    await writeFile(join(target, 'slow'), 'old')
    const fault = { kind: 'stall-response', afterBytes: 1 * MiB } as const
    store.faults.add({ match: { operation: 'GetObject' }, fault })
    const result = await interrupted(['s3://test/slow', 'target'], 'SIGTERM')
    expect(result.code).toBe(143)
    expect(await readdir(target)).toEqual(['slow'])
    expect((await readFile(join(target, 'slow'))).toString()).toBe('old')
  })
})
