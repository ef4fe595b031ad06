/** Where the scripts lie that run as processes of their own. */

import { fileURLToPath } from 'node:url'

/** Path of `bench/<name>`, compiled or not as this module is. */
export function siblingScript(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`./${name}.${extension}`, import.meta.url))
}
