/** A file of the page cache goes up as one object. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { libStorage } from '../peers/lib-storage.ts'
import { ours } from '../peers/ours.ts'
import { EQUAL_SETTINGS } from '../peers/peer.ts'
import { writePatternFile } from './pattern-file.ts'
import { checkStoredObject, removeObject, storeClient, VERIFIED_PATTERN } from './stored-object.ts'
import type { PreparedWorkload, Site, Workload } from './workload.ts'

const KEY = 'upload.bin'

export const upload: Workload = {
  name: 'upload',
  title: 'Upload of one file',
  direction: 'upload',
  peers: [ours, libStorage],
  reference: libStorage,
  verification:
    'The store compares every byte that arrives with the one expected at its place, and the ' +
    'checksum it computed is compared with that of the file.',
  prepare,
}

async function prepare({ server, directory, size }: Site): Promise<PreparedWorkload> {
  const path = join(directory, KEY)
  const { endpoint, region, credentials, bucket } = server
  const crcs = await writePatternFile(path, KEY, size, EQUAL_SETTINGS.partSize)
  const client = storeClient(server)
  const object = { bucket, key: KEY, metadata: VERIFIED_PATTERN }
  return {
    job: {
      direction: 'upload',
      endpoint,
      region,
      credentials,
      path,
      ...object,
      ...EQUAL_SETTINGS,
    },
    reset: () => removeObject(client, bucket, KEY),
    verify: () => checkStoredObject(client, object, size, crcs),
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      await rm(path, { force: true })
    },
  }
}
