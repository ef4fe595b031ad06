/** A prefix of a store as it is compared with its copy: every object with all that is to be the same. */

import { createHash } from 'node:crypto'
import { GetObjectTaggingCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { TransferEngine } from 'transfer-engine'
import { sdkClient } from '../helpers/sdk-client.ts'
import type { StoreAddress } from '../killloop/store-view.ts'
import { optionsFor } from './cases/case.ts'

/** Metadata by which an upload of ours is known again; of each object another. */
const TOKEN = 'transfer-engine-upload'

/** By key without its prefix: what is compared, as one text. */
export async function viewOf(
  address: StoreAddress,
  bucket: string,
  prefix: string,
  { tags }: { readonly tags: boolean },
): Promise<ReadonlyMap<string, string>> {
  await using engine = new TransferEngine({ ...optionsFor(address), recordUploads: false })
  const sdk = sdkClient(address)
  try {
    const view = new Map<string, string>()
    for await (const entry of engine.list(`s3://${bucket}/${prefix}`)) {
      if (entry.kind !== 'object') continue
      const object = { Bucket: bucket, Key: entry.key }
      const hash = createHash('sha256')
      for await (const chunk of engine.read({ bucket, key: entry.key })) hash.update(chunk)
      const head = await sdk.send(new HeadObjectCommand(object))
      const { Metadata = {} } = head
      // That of folders is the store's own.
      const contentType = entry.key.endsWith('/') ? undefined : head.ContentType
      const metadata = Object.entries(Metadata).filter(([name]) => name !== TOKEN)
      const { TagSet } = tags
        ? await sdk.send(new GetObjectTaggingCommand(object))
        : { TagSet: undefined }
      const told = { size: entry.size, sha256: hash.digest('hex'), contentType, metadata, TagSet }
      view.set(entry.key.slice(prefix.length), JSON.stringify(told))
    }
    return view
  } finally {
    sdk.destroy()
  }
}
