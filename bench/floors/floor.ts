/** The program in C that does the least anybody could, as a peer. */

import { pathOf, remember } from '../peers/find.ts'
import { writeNames } from '../peers/names-file.ts'
import { EQUAL_SETTINGS, type Command, type Job, type Operation, type Peer } from '../peers/peer.ts'
import { refusesManyReads } from '../peers/refusals.ts'
import { isSecure } from '../peers/surroundings.ts'
import { compileFloor } from './compile.ts'

/**
 * Threads, each with a connection: the number that takes the least CPU, or the smaller one where
 * there is nothing between them. Source: measured with 1, 2 and 4, plain and TLS, interleaved, on
 * the machine of BENCHMARKS.md; uploads over TLS took 10 to 20 % less with 4 than with 1, all
 * else agreed within the noise.
 */
const CONNECTIONS: Readonly<Record<Operation, number>> = { download: 1, read: 1, upload: 4 }

const compiled = remember(compileFloor)

export const floor: Peer = {
  name: 'floor',
  title: 'C floor',
  kind: 'floor',
  settings:
    'a program in C that only moves the bytes, on as many connections as cost the least ' +
    '(download and read 1, upload 4): ranges or parts as large as in equal settings, recv ' +
    'into 1 MiB and pwrite of 128 KiB, or read of 256 KiB and send; one fsync after a large ' +
    'download, none for many; no checksum, no signature; TLS verifies the certificate',

  find: async () => compiled()?.version,

  refuses: (job) =>
    isSecure(job.endpoint) && compiled()?.secure === false
      ? 'there are no headers of OpenSSL to compile it with'
      : refusesManyReads(job),

  async command(job, scratch) {
    return floorCommand(pathOf(compiled(), 'A C compiler'), job, await writeNames(job, scratch))
  },
}

/** @param names file with the names of many objects, one a line */
export function floorCommand(file: string, job: Job, names: string | undefined): Command {
  const { hostname, port, protocol } = new URL(job.endpoint)
  return {
    file,
    args: [
      job.operation,
      hostname,
      port === '' ? (protocol === 'https:' ? '443' : '80') : port,
      job.caFile ?? '-',
      `/${job.bucket}/${job.key}`,
      job.path,
      String(job.size),
      String((job.settings ?? EQUAL_SETTINGS).partSize),
      String(CONNECTIONS[job.operation]),
      String(job.count),
      names ?? '-',
    ],
  }
}
