/**
 * Flags about whole trees: which names take part, and when to stop.
 */

import { Option } from 'commander'
import { createFilter, parseFilterRules, parseTimeBound } from '../tree/filters.ts'
import type { FilterOptions, FilterRule } from '../index.ts'
import { parseSize } from '../units.ts'
import { readFileSync } from 'node:fs'
import { invalidFlag, type FlagValues } from './flags.ts'
import { unreadableFile } from './object-flags.ts'
import { UsageError } from './usage-error.ts'

const count =
  (flag: string) =>
  (text: string): number => {
    if (/^\d{1,12}$/.test(text)) return Number(text)
    throw invalidFlag(flag, 'a whole number', text)
  }

/** Of `cp --recursive` and `sync`. */
export function treeFlags(): Option[] {
  const size =
    (flag: string) =>
    (text: string): number => {
      const bytes = parseSize(text)
      if (bytes !== undefined) return bytes
      throw invalidFlag(flag, 'a size, like 8MiB', text)
    }
  const time =
    (flag: string) =>
    (text: string): number =>
      parseTimeBound(flag, text, Date.now())
  // One list for three flags: what counts is the order of all of them.
  const rules: FilterRule[] = []
  const adding = (read: (text: string) => readonly FilterRule[]) => (text: string) => {
    rules.push(...read(text))
    return rules
  }
  const flags = [
    new Option(
      '--exclude <pattern>',
      'Leave out names that match; repeat, the last match decides',
    ).argParser(adding((pattern) => [{ action: 'exclude', pattern }])),
    new Option('--include <pattern>', 'Take names that match after all').argParser(
      adding((pattern) => [{ action: 'include', pattern }]),
    ),
    new Option(
      '--filter-from <file>',
      "Rules of a file: '- pattern' and '+ pattern', a line each",
    ).argParser(adding(rulesOfFile)),
    new Option('--min-size <size>', 'Only what is at least so large').argParser(size('--min-size')),
    new Option('--max-size <size>', 'Only what is at most so large').argParser(size('--max-size')),
    new Option(
      '--newer-than <time>',
      'Only what was modified since: a date, or an age like 30d',
    ).argParser(time('--newer-than')),
    new Option('--older-than <time>', 'Only what was modified before').argParser(
      time('--older-than'),
    ),
    new Option('--follow-symlinks', 'Follow symbolic links, instead of skipping them'),
    new Option('--preserve', 'Keep time and permissions of files, in metadata mtime and mode'),
    new Option('--max-errors <number>', 'Begin nothing more after so many failures').argParser(
      count('--max-errors'),
    ),
    new Option('--fail-fast', 'The same as --max-errors 1'),
    new Option('--fsync', 'Of downloads: have each file on the disk before it gets its name'),
    new Option('--prices <file>', 'Of a dry run: what it would cost by the prices in this file'),
    new Option('--manifest <file>', 'Write down what is in place, for verify: NDJSON, CSV; .gz'),
    new Option('--report <file>', 'A line for each outcome there: NDJSON, or CSV for a .csv'),
    new Option('--html <file>', 'A page for people there: sums, charts, failures, the slowest'),
  ]
  return flags.map((option) => option.helpGroup('Tree:'))
}

/** Of `cp --recursive` alone. */
export function copyFlags(): Option[] {
  const flags = [
    new Option('-r, --recursive', 'Copy all of a directory, or of a prefix'),
    new Option('--encode-names', 'Write keys that are no file names reversibly as names that are'),
  ]
  return flags.map((option) => option.helpGroup('Tree:'))
}

/** Of what may go by a list. */
export function listFlags(): Option[] {
  const flags = [
    new Option('--files-from <file>', 'Names to copy, a line each; - for standard input'),
    new Option(
      '--files-from-format <name>',
      'What --files-from is: lines, nul, csv, inventory, manifest',
    ).argParser(formatParser('--files-from-format')),
    new Option('--files-from-columns <names>', 'Columns of its csv or inventory: Bucket,Key,Size'),
    new Option(
      '--retry-failed <report>',
      'Copy just what failed by a file of --report, or the outcomes.ndjson of a migration',
    ),
  ]
  return flags.map((option) => option.helpGroup('Tree:'))
}

const FORMATS: readonly string[] = ['lines', 'nul', 'csv', 'inventory', 'manifest']

function formatParser(flag: string): (text: string) => string {
  return (text) => {
    if (FORMATS.includes(text)) return text
    throw invalidFlag(flag, `one of ${FORMATS.join(', ')}`, text)
  }
}

/** Of `sync` alone. */
export function syncFlags(): Option[] {
  const flags = [
    new Option('--delete', 'Remove at the destination what the source does not have'),
    new Option('--max-delete <number>', 'Remove nothing if more would be removed').argParser(
      count('--max-delete'),
    ),
    new Option('--size-only', 'Compare sizes only'),
    new Option('--checksum', 'Compare contents with the checksums the store keeps, by a HEAD each'),
    new Option('--exact-timestamps', 'Of downloads: times must be the same, not only no older'),
  ]
  return flags.map((option) => option.helpGroup('Tree:'))
}

/** Options of a tree that were given as flags. */
export function treeOptionsFrom(values: FlagValues): Readonly<Record<string, unknown>> {
  const { followSymlinks, delete: remove, maxDelete, sizeOnly, exactTimestamps } = values
  const maxErrors = values['failFast'] === true ? 1 : values['maxErrors']
  const { fsync, preserve, checksum, encodeNames, manifest } = values
  const filesFrom = filesFromOf(values)
  const given = {
    fsync,
    preserve,
    encodeNames,
    manifest,
    filesFrom,
    followSymlinks,
    maxErrors,
    delete: remove,
    maxDelete,
    sizeOnly,
    checksum,
    exactTimestamps,
  }
  const options = Object.entries({ ...given, filter: filterFrom(values) })
  return Object.fromEntries(options.filter(([, value]) => value !== undefined))
}

/** What the names are read from. */
function filesFromOf(values: FlagValues): object | undefined {
  const { filesFrom: path, filesFromFormat: format, filesFromColumns: columns } = values
  const { retryFailed } = values
  if (retryFailed !== undefined && path !== undefined) {
    const message = 'Both --files-from and --retry-failed say what to copy.'
    throw new UsageError('ERR_OPTION_INVALID', message, 'Give one of them.')
  }
  if (path === undefined) {
    if (format === undefined && columns === undefined) {
      return retryFailed === undefined ? undefined : { path: retryFailed, format: 'report' }
    }
    const message = 'There is no --files-from to say that of.'
    throw new UsageError('ERR_OPTION_INVALID', message, 'Add --files-from, or leave it out.')
  }
  return { path, format, columns: typeof columns === 'string' ? columns.split(',') : undefined }
}

function filterFrom(values: FlagValues): FilterOptions | undefined {
  const { exclude, include, filterFrom: fromFile } = values
  const rules = (exclude ?? include ?? fromFile ?? []) as readonly FilterRule[]
  const bounds = {
    minSize: values['minSize'] as number | undefined,
    maxSize: values['maxSize'] as number | undefined,
    newerThanMs: values['newerThan'] as number | undefined,
    olderThanMs: values['olderThan'] as number | undefined,
  }
  const isOpen = Object.values(bounds).every((bound) => bound === undefined)
  if (rules.length === 0 && isOpen) return undefined
  const filter = { rules, ...bounds }
  // What is no pattern is told before anything is begun.
  createFilter(filter)
  return filter
}

function rulesOfFile(path: string): readonly FilterRule[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadableFile('--filter-from', path, error)
  }
  return parseFilterRules(text, path)
}
