/**
 * The AWS command line, in three shapes: version 1, version 2 with its transfers in Python, and
 * version 2 with those of the AWS Common Runtime (CRT).
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { discardingOutput } from './discard.ts'
import { findProgram, pathOf, remember } from './find.ts'
import type { Command, EqualSettings, Job, Peer } from './peer.ts'
import { refusesManyReads } from './refusals.ts'
import { awsEnvironment } from './surroundings.ts'

const ARGS = ['--version']

const findFirst = remember(() =>
  findProgram({
    env: 'BENCH_AWS_CLI_1',
    names: ['aws'],
    args: ARGS,
    answer: /^aws-cli\/(1\.\S+)/,
  }),
)

const findSecond = remember(() =>
  findProgram({
    env: 'BENCH_AWS_CLI_2',
    names: ['aws'],
    args: ARGS,
    answer: /^aws-cli\/(2\.\S+)/,
  }),
)

const SETTINGS =
  '`s3 cp`, many objects with `--recursive`; equal: `multipart_chunksize` and ' +
  '`max_concurrent_requests`; default 8 MiB and 10; '

export const awsCli1: Peer = {
  name: 'aws-cli-1',
  title: 'AWS CLI v1',
  kind: 'command',
  settings:
    `${SETTINGS}sends a CRC32 of every part, over http a SHA-256 too; compares the stored CRC; ` +
    'no fsync',
  find: async () => findFirst()?.version,
  refuses: refusesManyReads,
  command: (job, scratch) => awsCommand(pathOf(findFirst(), 'AWS CLI v1'), job, scratch),
  tasks: awsTasks(() => pathOf(findFirst(), 'AWS CLI v1')),
}

export const awsCli2: Peer = {
  name: 'aws-cli-2',
  title: 'AWS CLI v2',
  kind: 'command',
  settings:
    `${SETTINGS}transfers in Python; sends a checksum of every part (before 2.23 an MD5, then a ` +
    'CRC), over http a SHA-256 too; no fsync',
  find: async () => findSecond()?.version,
  refuses: refusesManyReads,
  command: (job, scratch) => awsCommand(pathOf(findSecond(), 'AWS CLI v2'), job, scratch),
  tasks: awsTasks(() => pathOf(findSecond(), 'AWS CLI v2')),
}

export const awsCli2Crt: Peer = {
  name: 'aws-cli-2-crt',
  title: 'AWS CLI v2 (CRT)',
  kind: 'command',
  settings:
    '`s3 cp` with `preferred_transfer_client = crt`, many objects with `--recursive`; equal: ' +
    '`multipart_chunksize`, the number of connections is its own choice; no fsync',
  find: async () => findSecond()?.version,
  refuses: (job) => refusesPort(job.endpoint, findSecond()?.version) ?? refusesManyReads(job),
  command: (job, scratch) => awsCommand(pathOf(findSecond(), 'AWS CLI v2'), job, scratch, true),
}

/** Its CRT went to port 80 or 443, whatever the endpoint said. Source: tried with 2.9.19. */
export function refusesPort(endpoint: string, version: string | undefined): string | undefined {
  const old = version !== undefined && Number(version.split('.')[1]) < 10
  return old && new URL(endpoint).port !== ''
    ? `version ${version} ignores the port of an endpoint`
    : undefined
}

async function awsCommand(
  file: string,
  job: Job,
  scratch: string,
  crt: boolean = false,
): Promise<Command> {
  return awsCopy(file, job, await writeConfig(job, scratch, crt))
}

async function writeConfig(job: Job, scratch: string, crt: boolean = false): Promise<string> {
  const config = join(scratch, 'aws-config')
  await writeFile(config, awsConfig(job.settings, crt))
  return config
}

/** Content of the configuration file. */
export function awsConfig(settings: EqualSettings | undefined, crt: boolean): string {
  const lines = ['[default]', 's3 =', '  addressing_style = path']
  if (crt) lines.push('  preferred_transfer_client = crt')
  if (settings !== undefined) {
    lines.push(`  multipart_chunksize = ${settings.partSize}`)
    lines.push(`  max_concurrent_requests = ${settings.concurrency}`)
  }
  return `${lines.join('\n')}\n`
}

function awsTasks(file: () => string): Peer['tasks'] {
  return {
    sync: {
      settings: '`s3 sync`, by size and time; equal: `max_concurrent_requests`',
      command: async (job, scratch) => awsSync(file(), job, await writeConfig(job, scratch)),
    },
    list: {
      settings: '`s3 ls --recursive`; output to /dev/null',
      command: async (job, scratch) => awsList(file(), job, await writeConfig(job, scratch)),
    },
  }
}

/** @param config path of the configuration file */
export function awsSync(file: string, job: Job, config: string): Command {
  const { operation, endpoint, bucket, key, path } = job
  const object = `s3://${bucket}/${key}`
  const places = operation === 'upload' ? [path, object] : [object, path]
  const flags = ['--only-show-errors', '--endpoint-url', endpoint]
  return { file, args: ['s3', 'sync', ...places, ...flags], env: environmentOf(job, config) }
}

function awsList(file: string, job: Job, config: string): Command {
  const { endpoint, bucket, key } = job
  const args = ['s3', 'ls', '--recursive', `s3://${bucket}/${key}`, '--endpoint-url', endpoint]
  return discardingOutput({ file, args, env: environmentOf(job, config) })
}

function environmentOf(job: Job, config: string): NonNullable<Command['env']> {
  return { ...awsEnvironment(job), AWS_CONFIG_FILE: config }
}

/** @param config path of the configuration file */
export function awsCopy(file: string, job: Job, config: string): Command {
  const { operation, endpoint, bucket, key, path, count } = job
  const object = `s3://${bucket}/${key}`
  const places = {
    upload: [path, object],
    download: [object, path],
    read: [object, '-'],
  }[operation]
  const many = count > 1 ? ['--recursive'] : []
  const command = {
    file,
    args: ['s3', 'cp', ...places, ...many, '--only-show-errors', '--endpoint-url', endpoint],
    env: environmentOf(job, config),
  }
  return operation === 'read' ? discardingOutput(command) : command
}
