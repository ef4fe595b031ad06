import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run, storeEnvironment } from './cli-command.ts'

let store: LocalStore
let dir = ''
beforeAll(async () => {
  store = await startLocalStore({ buckets: ['test'] })
  dir = await mkdtemp(join(tmpdir(), 'transfer-engine-cli-'))
  await writeFile(join(dir, 'file'), 'bytes')
  await mkdir(join(dir, 'folder'))
  const argv = ['cp', 'file', 's3://test/present', '--quiet']
  await run(argv, { cwd: dir, env: storeEnvironment(store) })
})
afterAll(async () => {
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

interface Mistake {
  readonly name: string
  readonly argv: readonly string[]
  readonly code: string
  readonly exit: number
  readonly says: string
  readonly env?: Readonly<Record<string, string>>
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a missing file',
    argv: ['cp', 'none', 's3://test/'],
    code: 'ERR_SOURCE_NOT_FOUND',
    exit: 1,
    says: 'none',
  },
  {
    name: 'a directory',
    argv: ['cp', 'folder', 's3://test/'],
    code: 'ERR_SOURCE_NOT_FILE',
    exit: 2,
    says: 'folder is a directory',
  },
  {
    name: 'a missing directory to download to',
    argv: ['cp', 's3://test/present', 'no/where'],
    code: 'ERR_TARGET_UNWRITABLE',
    exit: 1,
    says: 'no/where',
  },
  {
    name: 'a bad URI',
    argv: ['cp', 'file', 's3://'],
    code: 'ERR_URI_INVALID',
    exit: 2,
    says: 'bucket',
  },
  {
    name: 'a key that is too long',
    argv: ['cp', 'file', `s3://test/${'k'.repeat(1025)}`],
    code: 'ERR_KEY_INVALID',
    exit: 2,
    says: '1024',
  },
  {
    name: 'an unknown flag',
    argv: ['cp', 'file', 's3://test/', '--part-sise', '8MiB'],
    code: 'ERR_OPTION_UNKNOWN',
    exit: 2,
    says: 'Did you mean --part-size?',
  },
  {
    name: 'an unknown command',
    argv: ['serv'],
    code: 'ERR_USAGE',
    exit: 2,
    says: 'Did you mean serve?',
  },
  {
    name: 'a missing argument',
    argv: ['cp', 'file'],
    code: 'ERR_USAGE',
    exit: 2,
    says: 'destination',
  },
  {
    name: 'a bad size',
    argv: ['cp', 'file', 's3://test/', '--part-size', '1MiB'],
    code: 'ERR_OPTION_INVALID',
    exit: 2,
    says: '--part-size to be a size from 5 MiB to 5 GiB',
  },
  {
    name: 'a flag without its value',
    argv: ['cp', 'file', 's3://test/', '--region'],
    code: 'ERR_OPTION_INVALID',
    exit: 2,
    says: '--region',
  },
  {
    name: 'a flag for the other direction',
    argv: ['cp', 's3://test/present', 'copy', '--acl', 'private'],
    code: 'ERR_OPTION_INVALID',
    exit: 2,
    says: '--acl has no meaning for a download',
  },
  {
    name: 'a value S3 would not take',
    argv: ['cp', 'file', 's3://test/', '--expires', 'some day'],
    code: 'ERR_OPTION_INVALID',
    exit: 2,
    says: '--expires',
  },
  {
    name: 'certificates that cannot be read',
    argv: ['cp', 'file', 's3://test/', '--ca-bundle', 'none.pem'],
    code: 'ERR_OPTION_INVALID',
    exit: 2,
    says: '--ca-bundle',
  },
  {
    name: 'a full disk behind a device',
    argv: ['cp', 's3://test/present', '/dev/full'],
    code: 'ERR_DISK_FULL',
    exit: 1,
    says: '/dev/full',
  },
  {
    name: 'a missing bucket',
    argv: ['cp', 'file', 's3://missing/'],
    code: 'ERR_BUCKET_NOT_FOUND',
    exit: 1,
    says: '(s3://missing/file)',
  },
  {
    name: 'a missing object',
    argv: ['cp', 's3://test/none', 'copy'],
    code: 'ERR_OBJECT_NOT_FOUND',
    exit: 1,
    says: '(s3://test/none)',
  },
  {
    name: 'wrong credentials',
    argv: ['cp', 'file', 's3://test/'],
    code: 'ERR_ACCESS_DENIED',
    exit: 1,
    says: '',
    env: { AWS_SECRET_ACCESS_KEY: 'wrong' },
  },
  {
    name: 'an unsigned request',
    argv: ['cp', 'file', 's3://test/', '--no-sign-request'],
    code: 'ERR_ACCESS_DENIED',
    exit: 1,
    says: '',
  },
  {
    name: 'an endpoint that is not there',
    argv: ['cp', 'file', 's3://test/', '--endpoint-url', 'http://127.0.0.1:1', '--max-attempts=2'],
    code: 'ERR_CONNECT',
    exit: 1,
    says: '127.0.0.1:1',
  },
  {
    name: 'an endpoint that is no URL',
    argv: ['cp', 'file', 's3://test/', '--endpoint-url', 'nonsense'],
    code: 'ERR_OPTION_INVALID',
    exit: 2,
    says: '--endpoint-url',
  },
]

describe('a command line that cannot be carried out', () => {
  it.each(MISTAKES)('$name is $code, exit $exit', async ({ argv, code, exit, says, env }) => {
    const result = await run(argv, { cwd: dir, env: { ...storeEnvironment(store), ...env } })
    expect(result.err).toMatch(
      new RegExp(`^transfer-engine: ${code} [^\\n]+\\n  hint: [^\\n]+\\n$`),
    )
    expect(result.err).toContain(says)
    expect(result).toMatchObject({ code: exit, out: '' })
  })

  it('shows where it happened for --debug only', async () => {
    const argv = ['cp', 's3://test/none', 'copy', '--debug']
    const { err } = await run(argv, { cwd: dir, env: storeEnvironment(store) })
    expect(err).toContain('"key":"none"')
    expect(err).toContain('stack: TransferError')
    expect(err).not.toContain(store.credentials.secretAccessKey)
  })

  it('says what to set without credentials', async () => {
    const { AWS_ENDPOINT_URL_S3, AWS_REGION } = storeEnvironment(store)
    const env = { AWS_ENDPOINT_URL_S3: AWS_ENDPOINT_URL_S3 ?? '', AWS_REGION: AWS_REGION ?? '' }
    const result = await run(['cp', 'file', 's3://test/'], { cwd: dir, env })
    expect(result.code).toBe(1)
    expect(result.err).toMatch(/^transfer-engine: ERR_CREDENTIALS .*\n  hint: .*AWS_ACCESS_KEY_ID/)
  })
})

describe('help', () => {
  it.each([[['--version']], [['-V']]])('%j prints the version and nothing else', async (argv) => {
    const result = await run(argv)
    expect(result).toMatchObject({ code: 0, err: '' })
    expect(result.out).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })

  it.each([
    [['--help'], 'cp '],
    [['help'], 'cp '],
    [['cp', '--help'], '--part-size <size>'],
    [['help', 'cp'], '--part-size <size>'],
    [['serve', '--help'], '--dir'],
    [['demo', '--help'], '--size'],
  ])('%j tells usage and examples', async (argv, says) => {
    const result = await run(argv)
    expect(result).toMatchObject({ code: 0, err: '' })
    expect(result.out).toContain(says)
    if (argv.length === 1 || argv.includes('--help')) expect(result.out).toContain('Examples:')
  })

  it('is shown, as a wrong usage, without any argument', async () => {
    const result = await run([])
    expect(result).toMatchObject({ code: 2, out: '' })
    expect(result.err).toContain('Usage: transfer-engine')
  })
})
