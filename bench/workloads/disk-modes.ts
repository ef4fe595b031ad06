/**
 * One large object between the store and a real disk, through the page cache and past it. What is
 * uploaded lies on the disk only, as a file does that is larger than memory; once more it is in the
 * cache, as one that was just written.
 */

import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { GiB } from '../../src/units.ts'
import { manifestVersion } from '../peers/find.ts'
import type { DiskMode } from '../../src/options.ts'
import { ownPeer, programPath } from './own-program.ts'
import { describeStep, type OwnPeer, type Workload } from './workload.ts'

const BUFFERED = 'through the page cache'
const DIRECT = "past the page cache, `diskMode: 'direct'`"

const DOWNLOADS: readonly OwnPeer[] = [
  ours('', BUFFERED, 'buffered', 'each file is new; synced to disk before it gets its name'),
  ours('-direct', DIRECT, 'direct', 'the same'),
]

const UPLOADS: readonly OwnPeer[] = [
  fromDisk(ours('', BUFFERED, 'buffered', 'the file is on the disk only')),
  fromDisk(ours('-direct', DIRECT, 'direct', 'the file is on the disk only')),
  ours('-cached', 'from the page cache', 'buffered', 'the file was just read'),
]

export const DISK_MODES: readonly Workload[] = [
  diskModes('upload', 'Upload from a disk of', UPLOADS),
  diskModes('download', 'Download to a disk of', DOWNLOADS),
]

function diskModes(
  operation: 'upload' | 'download',
  verb: string,
  ownPeers: readonly OwnPeer[],
): Workload {
  return {
    name: `disk-modes-${operation}`,
    group: 'disk',
    operation,
    secure: false,
    count: 1,
    size: 4 * GiB,
    unit: 's/GiB',
    reference: 'transfer-engine',
    title: (moved) => `${verb} ${describeStep(moved)}, by disk mode`,
    scaledBy: 'size',
    ownPeers,
    onlyOwn: true,
    hasVariants: false,
  }
}

function ours(suffix: string, title: string, diskMode: DiskMode, settings: string): OwnPeer {
  return ownPeer({
    name: `transfer-engine${suffix}`,
    title: `transfer-engine, ${title}`,
    kind: 'ours',
    settings,
    find: async () => manifestVersion('package.json'),
    args: (job) => [
      programPath('ours.mjs'),
      JSON.stringify({ ...job, options: { diskMode } satisfies { readonly diskMode: DiskMode } }),
    ],
  })
}

/** Has nothing of the file in the page cache when it begins. */
function fromDisk(peer: OwnPeer): OwnPeer {
  return {
    ...peer,
    command: async (job, scratch) => {
      const command = await peer.command(job, scratch)
      await dropFromCache(job.path)
      return command
    },
  }
}

/** Written back first: what is not on the disk yet stays in the cache. */
async function dropFromCache(path: string): Promise<void> {
  const file = await open(path, 'r')
  await file.datasync()
  await file.close()
  await promisify(execFile)('dd', [`if=${path}`, 'iflag=nocache', 'count=0'])
}
