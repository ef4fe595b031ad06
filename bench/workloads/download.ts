/** One object, uploaded in parts with a CRC32, comes down into a new file. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { clientS3 } from '../peers/client-s3.ts'
import { ours } from '../peers/ours.ts'
import { EQUAL_SETTINGS, type TransferJob } from '../peers/peer.ts'
import { checkPatternFile, writePatternFile } from './pattern-file.ts'
import type { PreparedWorkload, Site, Workload } from './workload.ts'

const KEY = 'download.bin'

export const download: Workload = {
  name: 'download',
  title: 'Download into a new file',
  direction: 'download',
  peers: [ours, clientS3],
  reference: clientS3,
  verification: 'After each run every byte of the file is compared with what the object holds.',
  prepare,
}

async function prepare({ server, directory, size }: Site): Promise<PreparedWorkload> {
  const source = join(directory, KEY)
  const path = join(directory, `copy-of-${KEY}`)
  const { endpoint, region, credentials, bucket } = server
  const common = { endpoint, region, credentials, bucket, key: KEY, ...EQUAL_SETTINGS }
  const job: TransferJob = { ...common, direction: 'download', path, metadata: {} }
  await writePatternFile(source, KEY, size, EQUAL_SETTINGS.partSize)
  // An upload gives the object a stored checksum, which both peers then verify.
  await ours.transfer({ ...common, direction: 'upload', path: source, metadata: {} })
  await rm(source)
  const removeCopy = (): Promise<void> => rm(path, { force: true })
  return {
    job,
    reset: removeCopy,
    verify: () => checkPatternFile(path, KEY, size),
    [Symbol.asyncDispose]: removeCopy,
  }
}
