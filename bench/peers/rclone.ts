/** rclone, in Go with a backend of its own on the AWS SDK for Go. */

import { devNull } from 'node:os'
import { discardingOutput } from './discard.ts'
import { findProgram, pathOf, remember } from './find.ts'
import type { Command, EqualSettings, Job, Peer } from './peer.ts'
import { refusesManyReads } from './refusals.ts'

const find = remember(() =>
  findProgram({
    env: 'BENCH_RCLONE',
    names: ['rclone'],
    args: ['version'],
    answer: /^rclone v(\S+)/,
  }),
)

export const rclone: Peer = {
  name: 'rclone',
  title: 'rclone',
  kind: 'command',
  settings:
    '`copyto`, many objects with `copy`; equal: chunk size and concurrency of uploads and ' +
    'of multi-thread copies, or for many `--transfers`, each one part after the other; ' +
    'default 5 MiB × 4 from 200 MiB on, 64 MiB × 4 from 256 MiB on, and 4 transfers; sends ' +
    'an MD5, of large files in a pass of its own, asks for every object after an upload, ' +
    'compares the MD5 of downloads where one ' +
    'is stored; no fsync',

  find: async () => find()?.version,
  refuses: refusesManyReads,
  command: async (job) => rcloneCommand(pathOf(find(), 'rclone'), job),
  tasks: {
    sync: {
      settings:
        '`sync --update --use-server-modtime`: by size and time, without a HEAD for each; equal: ' +
        '`--checkers`; a listing for each directory',
      command: async (job) => rcloneSync(pathOf(find(), 'rclone'), job),
    },
    relay: {
      settings:
        '`copyto`, many objects with `copy`, between two remotes; equal: chunk size, concurrency of uploads ' +
        'and of multi-thread copies, or for many `--transfers`',
      command: async (job) => rcloneRelay(pathOf(find(), 'rclone'), job),
    },
    list: {
      settings: '`ls --fast-list`; output to /dev/null',
      command: async (job) => rcloneList(pathOf(find(), 'rclone'), job),
    },
  },
}

export function rcloneSync(file: string, job: Job): Command {
  const { operation, path, settings } = job
  const places = operation === 'upload' ? [path, placeOf(job)] : [placeOf(job), path]
  const flags = ['--update', '--use-server-modtime', ...commonFlags(job)]
  if (settings !== undefined) flags.push(`--checkers=${settings.concurrency}`)
  return { file, args: ['sync', ...places, ...flags], env: remote(job) }
}

export function rcloneRelay(file: string, job: Job): Command {
  const { destination, key, count, settings } = job
  if (destination === undefined) throw new Error('a relay has a destination')
  const flags = commonFlags(job)
  if (settings !== undefined) flags.push(...equalFlags(settings, count))
  const places = [placeOf(job), `there:${destination.bucket}/${key}`]
  const env = { ...remote(job), ...remote(destination, 'THERE') }
  return { file, args: [count > 1 ? 'copy' : 'copyto', ...places, ...flags], env }
}

function rcloneList(file: string, job: Job): Command {
  const args = ['ls', placeOf(job), '--fast-list', ...commonFlags(job)]
  return discardingOutput({ file, args, env: remote(job) })
}

function placeOf({ bucket, key }: Job): string {
  return `bench:${bucket}/${key}`
}

function commonFlags({ caFile }: Job): string[] {
  return ['--quiet', ...(caFile === undefined ? [] : ['--ca-cert', caFile])]
}

export function rcloneCommand(file: string, job: Job): Command {
  const { operation, path, count, settings } = job
  const object = placeOf(job)
  const flags = commonFlags(job)
  const env = remote(job)
  if (operation === 'read') return discardingOutput({ file, args: ['cat', object, ...flags], env })
  const places = operation === 'upload' ? [path, object] : [object, path]
  if (settings !== undefined) flags.push(...equalFlags(settings, count))
  return { file, args: [count > 1 ? 'copy' : 'copyto', ...places, ...flags], env }
}

function equalFlags({ partSize, concurrency }: EqualSettings, count: number): string[] {
  const parts = count > 1 ? 1 : concurrency
  return [
    `--s3-chunk-size=${partSize}B`,
    `--s3-upload-cutoff=${partSize}B`,
    `--s3-upload-concurrency=${parts}`,
    `--multi-thread-chunk-size=${partSize}B`,
    `--multi-thread-cutoff=${partSize}B`,
    // With 1 it takes one stream.
    `--multi-thread-streams=${parts}`,
    `--transfers=${concurrency}`,
  ]
}

/** A store as a remote, described in variables instead of a file. */
function remote(
  { endpoint, region, credentials }: Pick<Job, 'endpoint' | 'region' | 'credentials'>,
  name = 'BENCH',
): Record<string, string> {
  const settings = {
    TYPE: 's3',
    // With `AWS` it fails to send small files over plain http.
    PROVIDER: 'Other',
    LIST_VERSION: '2',
    ENDPOINT: endpoint,
    REGION: region,
    ACCESS_KEY_ID: credentials.accessKeyId,
    SECRET_ACCESS_KEY: credentials.secretAccessKey,
    FORCE_PATH_STYLE: 'true',
  }
  const entries = Object.entries(settings).map(([key, value]) => [
    `RCLONE_CONFIG_${name}_${key}`,
    value,
  ])
  return { RCLONE_CONFIG: devNull, ...Object.fromEntries(entries) }
}
