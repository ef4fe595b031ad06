/**
 * `transfer-engine migrate`: a prefix to another bucket, region, account or provider.
 */

import type { Command } from 'commander'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { defaultStateDirectory } from '../../journal/state-directory.ts'
import { parseDuration, parseSize } from '../../units.ts'
import { Option } from 'commander'
import { connectionFlags } from '../connection-flags.ts'
import { engineFlags, invalidFlag, type FlagValues } from '../flags.ts'
import { objectFlags } from '../object-flags.ts'
import { outputFlags, stateFlags } from '../output-flags.ts'
import { probeFlag } from '../probe-flag.ts'
import { queueFlags } from '../queue-flags.ts'
import { runTreeCommand } from '../run-tree-command.ts'
import { sideFlags } from '../side-flags.ts'
import { listFlags, syncFlags, treeFlags } from '../tree-flags.ts'
import { UsageError } from '../usage-error.ts'

const EXAMPLES = `
Copies all objects behind a prefix to another: by the store itself where one identity at one endpoint can
do that, else through this machine, without a disk. Says before the first byte what copies will carry and what
they will lose, which right is missing on which side, and how long it may take. What became of each object is
kept in the directory of the job; killed and called again, it goes on where it was, within large objects too.
Objects that are there already are replaced if their size is another or the source is newer. With a list
(--files-from) the source is not listed: each name is asked for.

Exit codes: 0 done, 1 failures, 2 wrong usage, 3 ended at a limit and to be called again, 130 interrupted.

Examples:
  transfer-engine migrate s3://old/data s3://new/data --source-profile old --job jobs/data
  transfer-engine migrate s3://a/x s3://b/y --rename '(.*)\\.jpeg' '$1.jpg' --no-overwrite
  transfer-engine migrate s3://a s3://b --dry-run --prices prices.json
  transfer-engine migrate s3://a s3://b --files-from inventory.csv.gz --files-from-format inventory
  transfer-engine migrate s3://a s3://b --job jobs/a --retry-failed jobs/a/outcomes.ndjson
  transfer-engine migrate s3://a s3://b --queue redis://queue.internal:6379`

/** Flags of trees that are about files, or of other commands. */
const NOT_OURS: readonly string[] = [
  '--follow-symlinks',
  '--preserve',
  '--fsync',
  '--delete',
  '--max-delete',
  '--exact-timestamps',
  '--version-id',
  '--if-match',
  '--if-none-match',
]

/** Adds what `migrate` takes. */
export function setUpMigrate(command: Command, done: (exitCode: number) => void): void {
  command
    .description('Copies a prefix to another bucket or store, proved object by object.')
    .argument('<source>', 's3://bucket/prefix')
    .argument('<destination>', 's3://bucket/prefix')
    .argument('[replacement]', 'of what --rename matches')
    .addHelpText('after', EXAMPLES)
  const flags = [...treeFlags(), ...listFlags(), ...syncFlags(), ...objectFlags()]
  const common = [...engineFlags(), ...connectionFlags(), ...sideFlags(), ...stateFlags()]
  const ours = flags.filter(({ long }) => !NOT_OURS.includes(long ?? ''))
  for (const option of [...migrateFlags(), ...queueFlags(), ...ours, ...common, ...outputFlags()]) {
    command.addOption(option)
  }
  command.action(async (...given: readonly unknown[]) => {
    const values = given.at(-2) as FlagValues
    const names = given.slice(0, 3).filter((name): name is string => typeof name === 'string')
    const [source, target, replacement] = sidesFirst(names)
    const more = migrateOptionsFrom(values, source, target, replacement)
    done(await runTreeCommand({ how: 'migrate', source, target, values, more }))
  })
}

function migrateFlags(): Option[] {
  const flags = [
    new Option('--job <directory>', 'Directory of the job (default: one in the state directory)'),
    new Option(
      '--rename <pattern>',
      'Name copies anew: a regular expression, then its replacement',
    ),
    // In this order: a `--no-` option that stands alone would make `--overwrite` the default.
    new Option('--overwrite', 'Replace all that is at the destination, once per job'),
    new Option('--no-overwrite', 'Leave alone what is at the destination, whoever writes it'),
    new Option('--all-versions', 'Copy all versions of each object in order, and delete markers'),
    probeFlag(),
    new Option('--delete-source', 'Remove each object at the source once its copy is proved'),
    new Option('--max-duration <time>', 'Begin nothing more after so long').argParser((text) => {
      const value = parseDuration(text)
      if (value !== undefined && value > 0) return value
      throw invalidFlag('--max-duration', 'a time, like 8h', text)
    }),
    new Option('--max-transfer <size>', 'Begin nothing more after so much').argParser((text) => {
      const value = parseSize(text)
      if (value !== undefined && value > 0) return value
      throw invalidFlag('--max-transfer', 'a size, like 1TiB', text)
    }),
  ]
  return flags.map((option) => option.helpGroup('Migration:'))
}

/** The replacement stands behind its pattern, which may be before the sides. */
function sidesFirst(names: readonly string[]): readonly [string, string, string | undefined] {
  const isUri = (name: string): boolean => name.startsWith('s3://')
  const [source = '', target = ''] = names.length === 3 ? names.filter(isUri) : names
  const replacement = names.length === 3 ? names.find((name) => !isUri(name)) : undefined
  return [source, target, replacement]
}

function migrateOptionsFrom(
  values: FlagValues,
  source: string,
  target: string,
  replacement: string | undefined,
): object {
  const { job, rename, overwrite, maxDuration: maxDurationMs, maxTransfer: maxBytes } = values
  if ((rename === undefined) !== (replacement === undefined)) {
    const message = '--rename takes a pattern and what to replace it with.'
    throw new UsageError('ERR_OPTION_INVALID', message, "Write --rename 'old/(.*)' 'new/$1'.")
  }
  const options = {
    jobDirectory: job ?? usualJob(values, source, target),
    overwrite: overwrite === undefined ? undefined : overwrite === true ? 'always' : 'never',
    maxDurationMs,
    maxBytes,
    probe: values['probe'],
    removeSource: values['deleteSource'],
    allVersions: values['allVersions'],
    rename: rename === undefined ? undefined : { pattern: rename, replacement },
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** The same for the same sides. */
function usualJob(values: FlagValues, source: string, target: string): string {
  const { stateDir, endpointUrl, sourceEndpointUrl, destEndpointUrl } = values
  const sides = [source, target, endpointUrl, sourceEndpointUrl, destEndpointUrl]
  const name = createHash('sha256').update(JSON.stringify(sides)).digest('hex').slice(0, 16)
  const state = typeof stateDir === 'string' ? stateDir : defaultStateDirectory()
  return join(state, 'migrations', name)
}
