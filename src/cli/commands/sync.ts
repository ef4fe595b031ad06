/**
 * `transfer-engine sync`: makes one side of a tree like the other.
 */

import type { Command, Option } from 'commander'
import { connectionFlags } from '../connection-flags.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { objectFlags } from '../object-flags.ts'
import { sideFlags } from '../side-flags.ts'
import { outputFlags, stateFlags } from '../output-flags.ts'
import { runTreeCommand } from '../run-tree-command.ts'
import { listFlags, syncFlags, treeFlags } from '../tree-flags.ts'

const EXAMPLES = `
Copies what is missing at the destination, differs in size or is newer at the source, and of downloads
what was changed here since. With --delete it removes what only the destination has: when all copies have
ended and none failed, and only if both sides could be read whole and the source is not empty. What is
excluded is neither copied nor removed. Between prefixes a list (--files-from) may say what takes part.

Exit codes: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.

Examples:
  transfer-engine sync data s3://bucket/data --exclude '*.tmp'
  transfer-engine sync s3://bucket/data data --delete --max-delete 100
  transfer-engine sync data s3://bucket/data --delete --dry-run`

/** Adds what `sync` takes. */
export function setUpSync(command: Command, done: (exitCode: number) => void): void {
  command
    .description(
      'Copies what is missing or differs from a directory to s3://bucket/prefix, back, or between prefixes.',
    )
    .argument('<source>', 'directory or s3://bucket/prefix')
    .argument('<destination>', 'directory or s3://bucket/prefix')
    .addHelpText('after', EXAMPLES)
  const names = [...treeFlags(), ...listFlags(), ...syncFlags()]
  const flags = [...names, ...objectFlags().filter(isOfMany)]
  const common = [
    ...engineFlags(),
    ...connectionFlags(),
    ...sideFlags(),
    ...stateFlags(),
    ...outputFlags(),
  ]
  for (const option of [...flags, ...common]) command.addOption(option)
  command.action(async (source: string, target: string, values: FlagValues) => {
    done(await runTreeCommand({ how: 'sync', source, target, values }))
  })
}

/** Not those about one object. */
function isOfMany({ long }: Option): boolean {
  return long !== '--version-id' && long !== '--if-match'
}
