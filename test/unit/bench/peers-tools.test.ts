import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  findProgram,
  manifestVersion,
  packageVersion,
  remember,
} from '../../../bench/peers/find.ts'
import { EQUAL_SETTINGS, type Job } from '../../../bench/peers/peer.ts'
import { rcloneCommand, rcloneSync } from '../../../bench/peers/rclone.ts'
import { s3cmdCommand, s3cmdConfig } from '../../../bench/peers/s3cmd.ts'
import { s5cmdCommand, s5cmdSync } from '../../../bench/peers/s5cmd.ts'

const JOB: Job = {
  operation: 'download',
  endpoint: 'https://127.0.0.1:9443',
  caFile: 'ca.pem',
  region: 'us-east-1',
  bucket: 'bench',
  credentials: { accessKeyId: 'test-key', secretAccessKey: 'test-secret' },
  count: 1,
  size: 1024,
  key: 'some/key',
  path: 'some/file',
  settings: EQUAL_SETTINGS,
}
const MANY: Job = { ...JOB, count: 10, key: 'some/', path: 'dir' }

describe('s5cmd', () => {
  const head = ['--log', 'error', '--endpoint-url', JOB.endpoint]

  it('moves one object in parts of 8 MiB, 16 at a time', () => {
    const { args, env } = s5cmdCommand('s5cmd', JOB)
    const parts = ['--part-size', '8', '--concurrency', '16']
    expect(args).toEqual([...head, 'cp', ...parts, 's3://bench/some/key', 'some/file'])
    expect(env).toMatchObject({ AWS_CA_BUNDLE: 'ca.pem', AWS_REGION: 'us-east-1' })
  })

  it('moves 16 of many at a time, each one part after the other', () => {
    const flags = ['--numworkers', '16', 'cp', '--part-size', '8', '--concurrency', '1']
    expect(s5cmdCommand('s5cmd', MANY).args).toEqual([
      ...head,
      ...flags,
      's3://bench/some/*',
      'dir/',
    ])
    const up: Job = { ...MANY, operation: 'upload' }
    expect(s5cmdCommand('s5cmd', up).args.slice(-2)).toEqual(['dir/', 's3://bench/some/'])
  })

  it('syncs in both directions', () => {
    const down = [...head, '--numworkers', '16', 'sync', 's3://bench/some/*', 'dir/']
    expect(s5cmdSync('s5cmd', MANY).args).toEqual(down)
    const up: Job = { ...MANY, operation: 'upload', settings: undefined }
    expect(s5cmdSync('s5cmd', up).args).toEqual([...head, 'sync', 'dir/', 's3://bench/some/'])
  })

  it('is left as it is at its defaults', () => {
    const { args } = s5cmdCommand('s5cmd', { ...JOB, settings: undefined })
    expect(args).toEqual([...head, 'cp', 's3://bench/some/key', 'some/file'])
  })
})

describe('rclone', () => {
  it('syncs by the time of the store, in both directions', () => {
    const flags = ['--update', '--use-server-modtime', '--quiet', '--ca-cert', 'ca.pem']
    const down = ['sync', 'bench:bench/some/', 'dir', ...flags, '--checkers=16']
    expect(rcloneSync('rclone', MANY).args).toEqual(down)
    const up: Job = { ...MANY, operation: 'upload', settings: undefined }
    expect(rcloneSync('rclone', up).args).toEqual(['sync', 'dir', 'bench:bench/some/', ...flags])
  })

  it('is told of the store by variables, and of the certificate', () => {
    const { args, env } = rcloneCommand('rclone', { ...JOB, settings: undefined })
    const places = ['bench:bench/some/key', 'some/file']
    expect(args).toEqual(['copyto', ...places, '--quiet', '--ca-cert', 'ca.pem'])
    expect(env).toMatchObject({
      RCLONE_CONFIG_BENCH_ENDPOINT: JOB.endpoint,
      RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: 'test-key',
    })
  })

  it('takes part size and streams for one, transfers for many', () => {
    const one = rcloneCommand('rclone', JOB).args
    expect(one).toEqual(
      expect.arrayContaining(['--s3-chunk-size=8388608B', '--multi-thread-streams=16']),
    )
    const many = rcloneCommand('rclone', { ...MANY, operation: 'upload' }).args
    expect(many.slice(0, 3)).toEqual(['copy', 'dir', 'bench:bench/some/'])
    expect(many).toEqual(expect.arrayContaining(['--transfers=16', '--s3-upload-concurrency=1']))
  })
})

describe('s3cmd', () => {
  it('has host, certificate and part size in its configuration', () => {
    const config = s3cmdConfig(JOB)
    for (const line of [
      'host_base = 127.0.0.1:9443',
      'host_bucket = 127.0.0.1:9443',
      'use_https = True',
      'ca_certs_file = ca.pem',
      'multipart_chunk_size_mb = 8',
    ]) {
      expect(config.split('\n')).toContain(line)
    }
    const plain = s3cmdConfig({ ...JOB, caFile: undefined, endpoint: 'http://127.0.0.1:9000' })
    expect(plain).toContain('use_https = False')
    expect(plain).not.toContain('ca_certs_file')
  })

  it('gets and puts, many by directory', () => {
    const tail = ['--config', 'cfg', '--quiet']
    expect(s3cmdCommand('s3cmd', JOB, 'cfg').args).toEqual([
      'get',
      's3://bench/some/key',
      'some/file',
      ...tail,
    ])
    expect(s3cmdCommand('s3cmd', { ...MANY, operation: 'upload' }, 'cfg').args).toEqual([
      'put',
      'dir/',
      's3://bench/some/',
      '--recursive',
      ...tail,
    ])
  })
})

describe('looking for a program', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  const question = {
    env: 'BENCH_TEST_PROGRAM',
    names: ['no-such-program-anywhere'],
    args: ['--version'],
    answer: /^v(\d+)\./,
  }

  it('takes the one that a variable names', () => {
    vi.stubEnv('BENCH_TEST_PROGRAM', process.execPath)
    const [major] = process.versions.node.split('.')
    expect(findProgram(question)).toEqual({ file: process.execPath, version: major })
  })

  it('finds nothing where nothing is, or where the answer is that of another program', () => {
    expect(findProgram(question)).toBeUndefined()
    vi.stubEnv('BENCH_TEST_PROGRAM', process.execPath)
    expect(findProgram({ ...question, answer: /^other (\S+)/ })).toBeUndefined()
  })

  it('looks once only, also when nothing was found', () => {
    let looks = 0
    const find = remember(() => {
      looks += 1
      return undefined
    })
    expect([find(), find()]).toEqual([undefined, undefined])
    expect(looks).toBe(1)
  })

  it('knows the versions of packages, and of none that is not there', () => {
    expect(packageVersion('@aws-sdk/client-s3')).toBe(
      manifestVersion('node_modules/@aws-sdk/client-s3/package.json'),
    )
    expect(packageVersion('@aws-sdk/client-s3')).toMatch(/^3\./)
    expect(packageVersion('no-such-package')).toBeUndefined()
  })
})
