/**
 * Loads the AWS SDK when it is first needed, silently.
 *
 * The import costs some 150 ms, which a command that only prints its help must not pay. The SDK
 * warns about Node versions it will leave behind when its first client is made; that is news for
 * us, not for the people at the terminal, so the warning is switched off just then.
 */

import { createRequire } from 'node:module'
import type * as S3 from '@aws-sdk/client-s3'

/** What of the SDK the control plane uses. */
export interface Sdk {
  readonly s3: typeof S3
}

const WARNING_SWITCH = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'

const require = createRequire(import.meta.url)

let loaded: Sdk | undefined

/** The SDK, loaded once per process. */
export function loadSdk(): Sdk {
  loaded ??= load()
  return loaded
}

function load(): Sdk {
  // Its CommonJS build, by `require`: 50 ms less than through the module loader.
  const s3 = require('@aws-sdk/client-s3') as typeof S3
  makeFirstClient(s3)
  return { s3 }
}

/** The SDK looks at the switch once per process, when a client is made. */
function makeFirstClient(s3: typeof S3): void {
  const before = process.env[WARNING_SWITCH]
  process.env[WARNING_SWITCH] = 'true'
  try {
    new s3.S3Client({ region: 'us-east-1' }).destroy()
  } finally {
    if (before === undefined) delete process.env[WARNING_SWITCH]
    else process.env[WARNING_SWITCH] = before
  }
}
