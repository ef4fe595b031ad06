/** Prints the keys below a prefix, page by page. */

import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { job } from './job.mjs'
import { sdkClient } from './sdk.mjs'

const client = sdkClient(job)
const where = { Bucket: job.bucket, Prefix: job.key }
for await (const { Contents = [] } of paginateListObjectsV2({ client }, where)) {
  process.stdout.write(Contents.map(({ Key, Size }) => `${Size} ${Key}\n`).join(''))
}
client.destroy()
