import { existsSync } from 'node:fs'
import { devNull } from 'node:os'
import { describe, expect, it } from 'vitest'
import { PEERS, peerNamed } from '../../../bench/peers/all.ts'
import { awsConfig, awsCopy, awsSync, refusesPort } from '../../../bench/peers/aws-cli.ts'
import { pythonCommand } from '../../../bench/peers/boto3.ts'
import { clientS3 } from '../../../bench/peers/client-s3.ts'
import { discardingOutput } from '../../../bench/peers/discard.ts'
import { libStorage } from '../../../bench/peers/lib-storage.ts'
import { nodeCommand } from '../../../bench/peers/node-program.ts'
import { ours } from '../../../bench/peers/ours.ts'
import { EQUAL_SETTINGS, type Job } from '../../../bench/peers/peer.ts'
import { floorCommand } from '../../../bench/floors/floor.ts'

const JOB: Job = {
  operation: 'upload',
  endpoint: 'http://127.0.0.1:9000',
  caFile: undefined,
  region: 'us-east-1',
  bucket: 'bench',
  credentials: { accessKeyId: 'test-key', secretAccessKey: 'test-secret' },
  count: 1,
  size: 1024,
  key: 'some/key',
  path: 'some/file',
  settings: undefined,
}
const SECURE: Job = { ...JOB, endpoint: 'https://127.0.0.1:9443', caFile: 'ca.pem' }
const MANY: Job = { ...JOB, count: 10, key: 'some/', path: 'dir' }

describe('the peers', () => {
  it('have names fit for flags and files, each only once, ours first', () => {
    const names = PEERS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([])
    expect(names[0]).toBe('transfer-engine')
    expect(PEERS.filter(({ kind }) => kind === 'ours')).toHaveLength(1)
  })

  it('are found by name, and an unknown name is an error', () => {
    expect(peerNamed('lib-storage')).toBe(libStorage)
    expect(() => peerNamed('nobody')).toThrow('no peer named nobody')
  })

  it('say for each library what program it is, and the program is there', async () => {
    const programs = await Promise.all(
      [
        ours,
        libStorage,
        clientS3,
        ...['s3-sync-client', 'lean-s3', 's3mini', 'minio'].map(peerNamed),
      ].map(async (peer) => (await peer.command(JOB, 'scratch')).args[0] ?? ''),
    )
    expect(programs.filter((path) => !existsSync(path))).toEqual([])
  })

  it('have a program for each task of trees that is one', async () => {
    const tasks = [ours, clientS3, peerNamed('s3-sync-client')].flatMap(({ tasks: all = {} }) =>
      Object.values(all),
    )
    const commands = await Promise.all(tasks.map((task) => task.command(MANY, 'scratch')))
    const programs = commands.flatMap(({ args }) => args.filter((each) => each.endsWith('.mjs')))
    expect(programs).toHaveLength(5)
    expect(programs.filter((path) => !existsSync(path))).toEqual([])
  })

  it('refuse with a reason what they cannot do', () => {
    const large = 64 * 1024 * 1024
    expect(clientS3.refuses({ ...JOB, size: large })).toContain('lib-storage')
    expect(clientS3.refuses(JOB)).toBeUndefined()
    expect(clientS3.refuses({ ...JOB, operation: 'download', size: large })).toBeUndefined()
    expect(libStorage.refuses({ ...JOB, operation: 'download' })).toContain('client-s3')
    expect(ours.refuses({ ...MANY, operation: 'read' })).toContain('one object')
    expect(ours.refuses(MANY)).toBeUndefined()
  })
})

describe('a program for Node', () => {
  it('runs in this Node, with the job and the list of names as its only argument', () => {
    const { file, args, env } = nodeCommand('ours.mjs', MANY, 'scratch/names.txt')
    expect(file).toBe(process.execPath)
    expect(args).toHaveLength(2)
    expect(args[0]).toBe('bench/peers/programs/ours.mjs')
    expect(JSON.parse(args[1] ?? '')).toMatchObject({ key: 'some/', names: 'scratch/names.txt' })
    expect(env).not.toHaveProperty('NODE_EXTRA_CA_CERTS')
  })

  it('trusts the certificate of the benchmark, and sees no settings of the user', () => {
    const { env } = nodeCommand('ours.mjs', SECURE, undefined)
    expect(env).toMatchObject({ NODE_EXTRA_CA_CERTS: 'ca.pem', AWS_CONFIG_FILE: devNull })
  })
})

describe('a program for Python', () => {
  it('gets the job, credentials and certificate, and leaves no compiled files', () => {
    const { file, args, env } = pythonCommand('python', 'boto3_peer.py', SECURE, undefined)
    expect(file).toBe('python')
    expect(args.slice(0, 2)).toEqual(['-B', 'bench/peers/programs/boto3_peer.py'])
    expect(existsSync(args[1] ?? '')).toBe(true)
    expect(JSON.parse(args[2] ?? '')).toMatchObject({ endpoint: SECURE.endpoint, size: 1024 })
    expect(env).toMatchObject({
      AWS_ACCESS_KEY_ID: 'test-key',
      AWS_SECRET_ACCESS_KEY: 'test-secret',
      AWS_CA_BUNDLE: 'ca.pem',
      AWS_SHARED_CREDENTIALS_FILE: devNull,
    })
  })
})

describe('the AWS command line', () => {
  it('copies up, down, and many by directory', () => {
    const tail = ['--only-show-errors', '--endpoint-url', JOB.endpoint]
    const { args, env } = awsCopy('aws', JOB, 'cfg')
    expect(args).toEqual(['s3', 'cp', 'some/file', 's3://bench/some/key', ...tail])
    expect(env).toMatchObject({ AWS_CONFIG_FILE: 'cfg', AWS_DEFAULT_REGION: 'us-east-1' })
    expect(awsCopy('aws', { ...MANY, operation: 'download' }, 'cfg').args).toEqual([
      's3',
      'cp',
      's3://bench/some/',
      'dir',
      '--recursive',
      ...tail,
    ])
  })

  it('syncs in both directions', () => {
    const tail = ['--only-show-errors', '--endpoint-url', JOB.endpoint]
    const { args, env } = awsSync('aws', MANY, 'cfg')
    expect(args).toEqual(['s3', 'sync', 'dir', 's3://bench/some/', ...tail])
    expect(env).toMatchObject({ AWS_CONFIG_FILE: 'cfg' })
    const down: Job = { ...MANY, operation: 'download' }
    expect(awsSync('aws', down, 'cfg').args.slice(2, 4)).toEqual(['s3://bench/some/', 'dir'])
  })

  it('reads into nothing', () => {
    const { file, args } = awsCopy('aws', { ...JOB, operation: 'read' }, 'cfg')
    expect(file).toBe('/bin/sh')
    expect(args.slice(2, 7)).toEqual(['aws', 's3', 'cp', 's3://bench/some/key', '-'])
  })

  it('has its part size and concurrency in the configuration, but only to be equal', () => {
    const equal = awsConfig(EQUAL_SETTINGS, true)
    expect(equal).toContain('  multipart_chunksize = 8388608\n')
    expect(equal).toContain('  max_concurrent_requests = 16\n')
    expect(equal).toContain('  preferred_transfer_client = crt\n')
    expect(awsConfig(undefined, false)).toBe('[default]\ns3 =\n  addressing_style = path\n')
  })

  it('refuses the CRT of old versions where the endpoint names a port', () => {
    expect(refusesPort('http://127.0.0.1:9000', '2.9.19')).toContain('2.9.19')
    expect(refusesPort('http://localhost', '2.9.19')).toBeUndefined()
    expect(refusesPort('http://127.0.0.1:9000', '2.36.1')).toBeUndefined()
    expect(refusesPort('http://127.0.0.1:9000', undefined)).toBeUndefined()
  })
})

describe('the floor', () => {
  it('is told host, port, object and file in a fixed order', () => {
    const head = ['upload', '127.0.0.1', '9000', '-', '/bench/some/key', 'some/file', '1024']
    expect(floorCommand('floor', JOB, undefined).args).toEqual([...head, '8388608', '4', '1', '-'])
  })

  it('verifies the certificate it is given, and takes the port of the scheme', () => {
    const job = { ...SECURE, endpoint: 'https://localhost' }
    expect(floorCommand('floor', job, undefined).args.slice(1, 4)).toEqual([
      'localhost',
      '443',
      'ca.pem',
    ])
  })

  it('gets the names of many', () => {
    const { args } = floorCommand('floor', MANY, 'names.txt')
    expect(args.slice(4, 6)).toEqual(['/bench/some/', 'dir'])
    expect(args.slice(-2)).toEqual(['10', 'names.txt'])
  })
})

describe('discarding what is printed', () => {
  it('keeps arguments as they are, spaces and quotes included', () => {
    const { args } = discardingOutput({ file: 'tool', args: ["a 'b", '$c'] })
    expect(args.slice(2)).toEqual(['tool', "a 'b", '$c'])
    expect(args[1]).toContain(devNull)
  })
})
