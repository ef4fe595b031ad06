/** A client of the SDK for the job, with everything else as it comes. */

import { S3Client } from '@aws-sdk/client-s3'

export function sdkClient({ endpoint, region, credentials }) {
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true })
}
