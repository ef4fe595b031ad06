/** s3cmd, in Python on one connection. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { discardingOutput } from './discard.ts'
import { findProgram, pathOf, remember } from './find.ts'
import type { Command, Job, Peer } from './peer.ts'
import { refusesManyReads } from './refusals.ts'
import { isSecure } from './surroundings.ts'

const MIB = 1024 * 1024

const find = remember(() =>
  findProgram({
    env: 'BENCH_S3CMD',
    names: ['s3cmd'],
    args: ['--version'],
    answer: /^s3cmd version (\S+)/,
  }),
)

export const s3cmd: Peer = {
  name: 's3cmd',
  title: 's3cmd',
  kind: 'command',
  settings:
    '`put` and `get`, many objects with `--recursive`; one connection, one request after ' +
    'the other; equal: `multipart_chunk_size_mb`; default 15 MiB; sends a SHA-256 of every ' +
    'part and an MD5 of the whole, compares the MD5 of what it gets where one is stored; no ' +
    'fsync',

  find: async () => find()?.version,
  refuses: refusesManyReads,

  async command(job, scratch) {
    const config = join(scratch, 's3cfg')
    await writeFile(config, s3cmdConfig(job))
    return s3cmdCommand(pathOf(find(), 's3cmd'), job, config)
  },

  tasks: {
    sync: {
      settings: '`sync --no-check-md5`: by size alone',
      command: async (job, scratch) => {
        const { places, common } = await placesOf(job, scratch)
        const args = ['sync', '--no-check-md5', ...places, ...common]
        return { file: pathOf(find(), 's3cmd'), args }
      },
    },
    list: {
      settings: '`ls --recursive`; output to /dev/null',
      command: async (job, scratch) => {
        const { object, common } = await placesOf(job, scratch)
        const args = ['ls', '--recursive', object, ...common]
        return discardingOutput({ file: pathOf(find(), 's3cmd'), args })
      },
    },
  },
}

async function placesOf(
  job: Job,
  scratch: string,
): Promise<Record<'places' | 'common', readonly string[]> & { readonly object: string }> {
  const config = join(scratch, 's3cfg')
  await writeFile(config, s3cmdConfig(job))
  const object = `s3://${job.bucket}/${job.key}`
  const local = `${job.path}/`
  const places = job.operation === 'upload' ? [local, object] : [object, local]
  return { places, object, common: ['--config', config, '--quiet'] }
}

/** Content of the configuration file. */
export function s3cmdConfig({ endpoint, caFile, region, credentials, settings }: Job): string {
  const { host } = new URL(endpoint)
  const lines = [
    '[default]',
    `access_key = ${credentials.accessKeyId}`,
    `secret_key = ${credentials.secretAccessKey}`,
    `host_base = ${host}`,
    // Without a place for the bucket it goes into the path.
    `host_bucket = ${host}`,
    `bucket_location = ${region}`,
    `use_https = ${isSecure(endpoint) ? 'True' : 'False'}`,
    'progress_meter = False',
  ]
  if (caFile !== undefined) lines.push(`ca_certs_file = ${caFile}`)
  if (settings !== undefined) {
    lines.push(`multipart_chunk_size_mb = ${Math.ceil(settings.partSize / MIB)}`)
  }
  return `${lines.join('\n')}\n`
}

/** @param config path of the configuration file */
export function s3cmdCommand(file: string, job: Job, config: string): Command {
  const { operation, bucket, key, path, count } = job
  const object = `s3://${bucket}/${key}`
  const common = ['--config', config, '--quiet']
  if (operation === 'read') {
    return discardingOutput({ file, args: ['get', object, '-', ...common] })
  }
  const many = count > 1
  const local = many ? `${path}/` : path
  const places = operation === 'upload' ? [local, object] : [object, local]
  const verb = operation === 'upload' ? 'put' : 'get'
  return { file, args: [verb, ...places, ...(many ? ['--recursive'] : []), ...common] }
}
