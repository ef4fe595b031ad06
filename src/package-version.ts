/**
 * The version of this package, from its package.json. Read when it is asked for.
 */

import { createRequire } from 'node:module'

/** `1.2.3`. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('transfer-engine/package.json') as {
    readonly version: string
  }
  return version
}
