import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { run, type Outcome, type RunOptions } from './cli-command.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'transfer-engine-cli-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Runs a server, hands its announcement to `use`, and ends it with a signal. */
async function serving(
  argv: readonly string[],
  use: (announcement: string) => Promise<void>,
  options: RunOptions = {},
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<Outcome> {
  let failure: unknown
  const outcome = await run(['serve', ...argv], {
    ...options,
    during: (child) => {
      child.stdout?.once('data', (chunk: Buffer) => {
        const done = use(chunk.toString('utf8')).catch((error: unknown) => (failure = error))
        void done.then(() => child.kill(signal))
      })
    },
  })
  if (failure !== undefined) throw failure
  return outcome
}

/** The export lines as an environment. */
function environmentOf(announcement: string): Record<string, string> {
  const lines = announcement.matchAll(/^export (\w+)=(.*)$/gm)
  return Object.fromEntries([...lines].map((match) => [match[1] ?? '', match[2] ?? '']))
}

describe('serve', () => {
  it('prints what a shell needs, keeps objects across restarts, ends on a signal', async () => {
    const file = join(dir, 'file')
    await writeFile(file, 'kept')
    const argv = ['--dir', join(dir, 'store'), '--bucket', 'one', '--bucket', 'two']
    const first = await serving(argv, async (announcement) => {
      const env = environmentOf(announcement)
      expect(Object.keys(env)).toEqual([
        'AWS_ENDPOINT_URL_S3',
        'AWS_REGION',
        'AWS_ACCESS_KEY_ID',
        'AWS_SECRET_ACCESS_KEY',
      ])
      expect(await run(['cp', file, 's3://two/file', '--quiet'], { env })).toMatchObject({
        code: 0,
        err: '',
      })
    })
    expect(first).toMatchObject({ code: 0, err: '' })

    const read = async (announcement: string): Promise<void> => {
      const result = await run(['cp', 's3://two/file', '-'], { env: environmentOf(announcement) })
      expect(result.out).toBe('kept')
    }
    expect(await serving(argv, read, {}, 'SIGINT')).toMatchObject({ code: 0, err: '' })
  })

  it('takes keys from the environment and does not repeat the secret', async () => {
    const env = {
      TRANSFER_ENGINE_SERVE_ACCESS_KEY: 'test-access',
      TRANSFER_ENGINE_SERVE_SECRET_KEY: 'test-secret',
    }
    const use = (announcement: string): Promise<void> => {
      expect(environmentOf(announcement)['AWS_ACCESS_KEY_ID']).toBe('test-access')
      return Promise.resolve()
    }
    const { code, out } = await serving(['--memory'], use, { env })
    expect(code).toBe(0)
    expect(out).not.toContain('test-secret')
  })

  it('says where it listens in JSON', async () => {
    const { events } = await serving(['--json'], () => Promise.resolve())
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ event: 'listening', region: 'us-east-1' })
  })

  it.each([
    [['--port', '65536'], 'ERR_OPTION_INVALID', '--port'],
    [['--dir', 'x', '--memory'], 'ERR_USAGE', '--memory'],
    [['--access-key', 'alone'], 'ERR_OPTION_INVALID', '--secret-key'],
    [['--bucket', 'No_Bucket'], 'ERR_OPTION_INVALID', '--bucket'],
  ])('refuses %j', async (argv, code, says) => {
    const result = await run(['serve', ...argv], { cwd: dir })
    expect(result).toMatchObject({ code: 2, out: '' })
    expect(result.err).toMatch(new RegExp(`^transfer-engine: ${code} `))
    expect(result.err).toContain(says)
  })

  it('tells that a port is taken', async () => {
    await serving(['--json'], async (announcement) => {
      const { port } = JSON.parse(announcement) as { readonly port: number }
      const result = await run(['serve', '--port', String(port)])
      expect(result.code).toBe(2)
      expect(result.err).toContain(`Port ${port} is taken`)
    })
  })
})

describe('demo', () => {
  it('moves a file up and down, shows what it took, and leaves nothing', async () => {
    const result = await run(['demo', '--size', '32MiB', '--workers', '2'], {
      env: { TMPDIR: dir },
    })
    expect(result.code).toBe(0)
    expect(result.err).not.toMatch(/warn/i)
    expect(result.out).toMatch(/^upload +33554432 +[\d.]+ +\d+ +[\d.]+ +4 +0 +CRC32$/m)
    expect(result.out).toMatch(/^download +33554432 +[\d.]+ +\d+ +[\d.]+ +4 +0 +CRC32$/m)
    expect(result.out).toMatch(/^upload, worker 1 +\d+ +\d+ +\d+/m)
    expect(result.out).toMatch(/^SHA-256 of both files is equal: [\da-f]{64}$/m)
    expect(result.out).toMatch(/^Peak memory of this process: /m)
    expect(await readdir(dir)).toEqual([])
  })

  it('gives the figures as one line of JSON, and keeps the files if asked to', async () => {
    const argv = ['demo', '--size', '1MiB', '--json', '--keep']
    const { code, err, events } = await run(argv, { env: { TMPDIR: dir } })
    expect(code).toBe(0)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ event: 'result', size: 1024 * 1024, equal: true })
    const [kept] = await readdir(dir)
    expect(err).toBe(`Kept ${join(dir, kept ?? '')}\n`)
    expect((await readdir(join(dir, kept ?? ''))).sort()).toEqual(['copy.bin', 'file.bin', 'store'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing after %s', async (signal) => {
    const code = { SIGINT: 130, SIGTERM: 143 }[signal]
    const result = await run(['demo', '--size', '1GiB'], {
      env: { TMPDIR: dir },
      during: (child) => {
        child.stderr?.once('data', () => setTimeout(() => child.kill(signal), 300))
      },
    })
    expect(result).toMatchObject({ code, out: '' })
    expect(await readdir(dir)).toEqual([])
  })

  it('says beforehand when the disk is too small', async () => {
    await mkdir(join(dir, 'tmp'))
    const result = await run(['demo', '--size', '1TiB'], { env: { TMPDIR: join(dir, 'tmp') } })
    expect(result).toMatchObject({ code: 1, out: '' })
    expect(result.err).toMatch(/^transfer-engine: ERR_DISK_FULL The demo needs 3\.\d+ TiB/)
    expect(await readdir(join(dir, 'tmp'))).toEqual([])
  })

  it.each(['0', 'big', '2TiB'])('refuses --size %s', async (size) => {
    const result = await run(['demo', '--size', size])
    expect(result.code).toBe(2)
    expect(result.err).toContain('--size')
  })
})
