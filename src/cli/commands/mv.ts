/**
 * `transfer-engine mv`: what `cp` does, and then the source is removed.
 */

import type { Command, Option } from 'commander'
import type { S3Location } from '../../index.ts'
import { connectionFlags } from '../connection-flags.ts'
import { engineFlags, type FlagValues } from '../flags.ts'
import { objectFlags } from '../object-flags.ts'
import { outputFlags, stateFlags } from '../output-flags.ts'
import { runTreeCommand } from '../run-tree-command.ts'
import { sideFlags } from '../side-flags.ts'
import { copyFlags, listFlags, treeFlags } from '../tree-flags.ts'
import { UsageError } from '../usage-error.ts'
import { checkNoTree, runCopy } from './cp.ts'

const EXAMPLES = `
Each source is removed once its copy is whole and verified, and on the disk if it came down; and only if it
is still what was copied. What cannot be removed is a failure (ERR_SOURCE_NOT_REMOVED): both are there
then. Directories stay, emptied. Of a symbolic link the link is removed. In a bucket with versions a
removed object lies below a marker. After an interruption the same command does the rest.

Exit codes: 0 moved, 1 something failed, 2 wrong usage, 130 interrupted.

Examples:
  transfer-engine mv data.bin s3://bucket/prefix/
  transfer-engine mv s3://bucket/big.tar .
  transfer-engine mv s3://bucket/old/name s3://bucket/new/name
  transfer-engine mv --recursive logs s3://bucket/logs --older-than 7d
  transfer-engine mv --recursive s3://bucket/inbox inbox --dry-run`

/** Adds what `mv` takes. */
export function setUpMv(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Moves a file or an object to s3://bucket/key, a directory to a prefix, or back.')
    .argument('<source>', 'file, directory or s3://bucket/key')
    .argument('<destination>', 'file, directory or s3://bucket/key')
    .addHelpText('after', EXAMPLES)
  const flags = [...copyFlags(), ...listFlags(), ...treeFlags(), ...objectFlags()].filter(isOfMoves)
  const connection = [...engineFlags(), ...connectionFlags(), ...sideFlags()]
  const common = [...connection, ...stateFlags(), ...outputFlags()]
  for (const option of [...flags, ...common]) command.addOption(option)
  command.action(async (source: string, target: string, values: FlagValues) => {
    const isTree = values['recursive'] === true
    if (!isTree) checkNoTree(values)
    const { parseS3Uri } = await import('../../index.ts')
    // Two stores may have buckets of one name.
    const hasSides = sideFlags().some((option) => values[option.attributeName()] !== undefined)
    if (!hasSides) checkApart(source, target, { isTree, parse: parseS3Uri })
    done(
      isTree
        ? await runTreeCommand({ how: 'copy', source, target, values, move: true })
        : await runCopy({ source, target, values, command: 'mv' }),
    )
  })
}

/** A move is of the current version, and on the disk before that is removed. */
function isOfMoves({ long }: Option): boolean {
  return long !== '--version-id' && long !== '--fsync'
}

interface Sides {
  readonly isTree: boolean
  readonly parse: (uri: string) => S3Location
}

/**
 * To copy something onto itself and then remove it would be to lose it.
 * @throws UsageError when both are one, or a tree would go into itself; ERR_URI_INVALID
 */
function checkApart(source: string, target: string, { isTree, parse }: Sides): void {
  if (![source, target].every((side) => side.startsWith('s3://'))) return
  const [from, to] = [parse(source), parse(target)]
  if (from.bucket !== to.bucket) return
  const isSame = isTree
    ? folderOf(to.key).startsWith(folderOf(from.key))
    : from.key === keyIn(to.key, from.key)
  if (!isSame) return
  const message = isTree
    ? `${target} is ${source}, or within it.`
    : `Source and destination are the same object, ${source}.`
  throw new UsageError('ERR_USAGE', message, 'Name another destination.')
}

function folderOf(key: string): string {
  return key === '' || key.endsWith('/') ? key : `${key}/`
}

/** What a key is called below a prefix. */
function keyIn(target: string, key: string): string {
  const isFolder = target === '' || target.endsWith('/')
  return isFolder ? target + key.slice(key.lastIndexOf('/') + 1) : target
}
