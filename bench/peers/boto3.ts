/** boto3, with its transfers in Python, and with those of the AWS Common Runtime (CRT). */

import { findProgram, pathOf, remember } from './find.ts'
import { writeNames } from './names-file.ts'
import type { Command, Job, Peer } from './peer.ts'
import { refusesManyReads } from './refusals.ts'
import { awsEnvironment } from './surroundings.ts'

const PYTHONS = ['python3', 'python']

const findClassic = remember(() =>
  findProgram({
    env: 'BENCH_PYTHON',
    names: PYTHONS,
    args: ['-c', 'import boto3; print("boto3", boto3.__version__)'],
    answer: /^boto3 (\S+)/,
  }),
)

const findCrt = remember(() =>
  findProgram({
    env: 'BENCH_PYTHON',
    names: PYTHONS,
    args: [
      '-c',
      'import boto3, awscrt, s3transfer.crt; ' +
        'print(f"boto3 {boto3.__version__}, awscrt {awscrt.__version__}")',
    ],
    answer: /^boto3 (\S+, awscrt \S+)/,
  }),
)

export const boto3: Peer = {
  name: 'boto3',
  title: 'boto3',
  kind: 'library',
  settings:
    '`upload_file` and `download_file`; equal: `multipart_chunksize` and `max_concurrency`; ' +
    'default 8 MiB and 10; many objects: a pool of that many threads, each moving one part ' +
    'after the other; `read` is one `get_object`; sends a CRC32 of every part, over http a ' +
    'SHA-256 too; compares the stored CRC; no fsync',

  find: async () => findClassic()?.version,
  refuses: refusesManyReads,
  command: async (job, scratch) => {
    const names = await writeNames(job, scratch)
    return pythonCommand(pathOf(findClassic(), 'boto3'), 'boto3_peer.py', job, names)
  },
}

export const boto3Crt: Peer = {
  name: 'boto3-crt',
  title: 'boto3 (CRT)',
  kind: 'library',
  settings:
    'the transfer manager behind `preferred_transfer_client="crt"`, by itself, because ' +
    'boto3 gives it no endpoint and no certificate; equal: `multipart_chunksize` and ' +
    '`max_concurrency`, for many objects as many under way as the concurrency; default: its ' +
    'own choice; sends a CRC32 behind every part; no fsync',

  find: async () => findCrt()?.version,
  refuses: ({ operation }) =>
    operation === 'read' ? 'has no ordered read of its own; see boto3' : undefined,
  command: async (job, scratch) => {
    const names = await writeNames(job, scratch)
    return pythonCommand(pathOf(findCrt(), 'boto3 with awscrt'), 'boto3_crt_peer.py', job, names)
  },
}

/** @param names file with the names of many objects, one a line */
export function pythonCommand(
  file: string,
  program: string,
  job: Job,
  names: string | undefined,
): Command {
  return {
    file,
    // Without leaving compiled files beside the programs.
    args: ['-B', `bench/peers/programs/${program}`, JSON.stringify({ ...job, names })],
    env: awsEnvironment(job),
  }
}
