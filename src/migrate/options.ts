/**
 * What a migration may be told, beside what holds for each copy.
 */

import { TransferError } from '../errors.ts'
import type { CopyPrefixOptions } from '../tree/tree-options.ts'
import type { Fidelity } from './fidelity.ts'

/** What becomes of an object that the destination has already. */
export type Overwrite =
  /** Replaced if its size is another, or the source is newer. */
  | 'newer'
  /** Replaced, once per job. */
  | 'always'
  /** Kept, also if somebody else writes it meanwhile. */
  | 'never'

export interface MigrateOptions extends CopyPrefixOptions {
  /**
   * Directory of the job: what it is, what became of each object, and the sums. The same call with the same
   * directory goes on. Made if it is not there.
   */
  readonly jobDirectory: string
  /** @default 'newer' */
  readonly overwrite?: Overwrite | undefined
  /** Compare contents of objects on both sides by what the stores keep, a HEAD each. @default false */
  readonly checksum?: boolean | undefined
  /** Begin nothing more after so long; the same call goes on. Milliseconds. @default no limit */
  readonly maxDurationMs?: number | undefined
  /** Begin nothing more after so many bytes were copied. @default no limit */
  readonly maxBytes?: number | undefined
  /** Hears what copies will carry and lose, before the first byte moves. Throwing ends the migration. */
  readonly onFidelity?: ((fidelity: Fidelity) => unknown) | undefined
}

export interface CheckedMigration {
  readonly jobDirectory: string
  readonly overwrite: Overwrite
  readonly checksum: boolean
  readonly maxDurationMs: number
  readonly maxBytes: number
  readonly onFidelity: MigrateOptions['onFidelity']
  /** For the tree. */
  readonly tree: CopyPrefixOptions
}

const OVERWRITE: readonly unknown[] = ['newer', 'always', 'never'] satisfies Overwrite[]

/** @throws ERR_OPTION_INVALID; what is left is checked with the tree */
export function checkMigrateOptions(options: MigrateOptions): CheckedMigration {
  const { jobDirectory, overwrite = 'newer', checksum = false, onFidelity, ...more } = options
  const { maxDurationMs = Infinity, maxBytes = Infinity, ...tree } = more
  if (typeof jobDirectory !== 'string' || jobDirectory === '') {
    throw invalid('jobDirectory', 'the path of a directory')
  }
  if (!OVERWRITE.includes(overwrite)) throw invalid('overwrite', 'newer, always or never')
  if (typeof checksum !== 'boolean') throw invalid('checksum', 'true or false')
  if (checksum && overwrite !== 'newer') {
    throw invalid('checksum', "left out, or `overwrite` 'newer': nothing else is compared")
  }
  if (overwrite === 'never' && tree.ifNoneMatch !== undefined) {
    throw invalid('ifNoneMatch', "left out beside `overwrite: 'never'`, which says it")
  }
  for (const [name, value] of Object.entries({ maxDurationMs, maxBytes })) {
    if (typeof value !== 'number' || !(value > 0)) throw invalid(name, 'a number above 0')
  }
  if (onFidelity !== undefined && typeof onFidelity !== 'function') {
    throw invalid('onFidelity', 'a function')
  }
  const common = { jobDirectory, overwrite, checksum, maxDurationMs, maxBytes, onFidelity }
  return { ...common, tree: overwrite === 'never' ? { ...tree, ifNoneMatch: '*' } : tree }
}

function invalid(option: string, expected: string): TransferError {
  const message = `Expected \`${option}\` to be ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
