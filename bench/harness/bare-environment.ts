/** Keeps the user's own settings out of what is measured. */

import { join } from 'node:path'

/**
 * The whole environment of a measured process: a path to find programs, a home and a directory for
 * temporary files of its own, and what the adapter asks for.
 */
export function bareEnvironment(
  path: string | undefined,
  scratch: string,
  wanted: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: path ?? '/usr/bin:/bin',
    HOME: scratch,
    TMPDIR: join(scratch, 'tmp'),
    // Looking for the credentials of a virtual machine takes seconds.
    AWS_EC2_METADATA_DISABLED: 'true',
    // A notice about Node versions, of no use here.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    ...wanted,
  }
}
