/** For programs that write an object to their standard output. */

import { devNull } from 'node:os'
import type { Command } from './peer.ts'

/** The same command with nobody reading; the shell replaces itself by it. */
export function discardingOutput({ file, args, env }: Command): Command {
  return { file: '/bin/sh', args: ['-c', `exec "$0" "$@" >${devNull}`, file, ...args], env }
}
