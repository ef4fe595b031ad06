/** s5cmd, in Go with the AWS SDK for Go. */

import { discardingOutput } from './discard.ts'
import { findProgram, pathOf, remember } from './find.ts'
import type { Command, Job, Peer } from './peer.ts'
import { refusesManyReads } from './refusals.ts'
import { awsEnvironment } from './surroundings.ts'

const MIB = 1024 * 1024

const find = remember(() =>
  findProgram({
    env: 'BENCH_S5CMD',
    names: ['s5cmd'],
    args: ['version'],
    answer: /^v?(\d+\.\d+\.\S+)/,
  }),
)

export const s5cmd: Peer = {
  name: 's5cmd',
  title: 's5cmd',
  kind: 'command',
  settings:
    '`cp`; equal: `--part-size`, and `--concurrency` for one object, `--numworkers` with ' +
    'one part after the other for many; default 50 MiB, 5 and 256; sends an MD5 and a ' +
    'SHA-256 of every part; does not verify downloads; no fsync',

  find: async () => find()?.version,
  refuses: refusesManyReads,
  command: async (job) => s5cmdCommand(pathOf(find(), 's5cmd'), job),
  tasks: {
    sync: {
      settings: '`sync`, by size and time; equal: `--numworkers`; sorts both sides in files',
      command: async (job) => s5cmdSync(pathOf(find(), 's5cmd'), job),
    },
    list: {
      settings: '`ls` of all keys with the prefix; output to /dev/null',
      command: async (job) => s5cmdList(pathOf(find(), 's5cmd'), job),
    },
  },
}

export function s5cmdSync(file: string, job: Job): Command {
  const { operation, bucket, key, path } = job
  const object = `s3://${bucket}/${key}`
  const places = operation === 'upload' ? [`${path}/`, object] : [`${object}*`, `${path}/`]
  const args = [...commonFlags(job), ...equalFlags(job).workers, 'sync', ...places]
  return { file, args, env: awsEnvironment(job) }
}

function s5cmdList(file: string, job: Job): Command {
  const args = [...commonFlags(job), 'ls', `s3://${job.bucket}/${job.key}*`]
  return discardingOutput({ file, args, env: awsEnvironment(job) })
}

function commonFlags({ endpoint }: Job): readonly string[] {
  return ['--log', 'error', '--endpoint-url', endpoint]
}

export function s5cmdCommand(file: string, job: Job): Command {
  const { operation, bucket, key, path, count } = job
  const many = count > 1
  const object = `s3://${bucket}/${key}`
  const common = commonFlags(job)
  const env = awsEnvironment(job)
  const { workers, parts } = equalFlags(job)
  if (operation === 'read') {
    return discardingOutput({ file, args: [...common, 'cat', ...parts, object], env })
  }
  const local = many ? `${path}/` : path
  const places = operation === 'upload' ? [local, object] : [many ? `${object}*` : object, local]
  return { file, args: [...common, ...workers, 'cp', ...parts, ...places], env }
}

/** Flags before and behind the verb. */
function equalFlags({ settings, count }: Job): Record<'workers' | 'parts', readonly string[]> {
  if (settings === undefined) return { workers: [], parts: [] }
  const { partSize, concurrency } = settings
  const parts = ['--part-size', String(Math.ceil(partSize / MIB)), '--concurrency']
  return count > 1
    ? { workers: ['--numworkers', String(concurrency)], parts: [...parts, '1'] }
    : { workers: [], parts: [...parts, String(concurrency)] }
}
