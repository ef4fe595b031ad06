/** What programs that know AWS's variables are told, and nothing of the user's own settings. */

import { devNull } from 'node:os'
import type { Job } from './peer.ts'

type Env = Readonly<Record<string, string>>

/** Credentials, region and certificate for tools and libraries that take them as AWS's do. */
export function awsEnvironment({ credentials, region, caFile }: Job): Env {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(caFile === undefined ? {} : { AWS_CA_BUNDLE: caFile }),
  }
}

/** For programs that run in Node. */
export function nodeEnvironment({ caFile }: Job): Env {
  return {
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    // A notice about Node versions, of no use here.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }),
  }
}

/** Is the endpoint reached over TLS? */
export function isSecure(endpoint: string): boolean {
  return endpoint.startsWith('https:')
}
