/** The AWS SDK as the client of a local store, without retries and without its warnings. */

import { S3Client } from '@aws-sdk/client-s3'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import type { LocalStore } from '../../src/testing.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

export function sdkClient(
  store: Pick<LocalStore, 'endpoint' | 'region' | 'credentials'>,
  config: S3ClientConfig = {},
): S3Client {
  const { accessKeyId, secretAccessKey, sessionToken } = store.credentials
  return new S3Client({
    endpoint: store.endpoint,
    region: store.region,
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
    },
    forcePathStyle: true,
    maxAttempts: 1,
    expectContinueHeader: false,
    ...config,
  })
}

/** Name, status and message of what the SDK threw; fails when it did not throw. */
export async function refusal(
  promise: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Error)) throw new Error('expected the store to refuse the request')
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }
  return { name: error.name, status: $metadata?.httpStatusCode, message: error.message }
}
