/** Keeps the user's own settings out of what is measured. */

import { devNull } from 'node:os'

/** What the SDK is told instead. */
const SETTINGS = {
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  // A notice about Node versions, of no use here.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
}

/** Removes every setting of AWS and of Node from the environment, for all processes to come. */
export function isolateEnvironment(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) {
    if (/^(AWS|NODE)_/.test(name)) delete env[name]
  }
  Object.assign(env, SETTINGS)
}
