/**
 * What a migration may be told, beside what holds for each copy.
 */

import { TransferError } from '../errors.ts'
import type { CopyPrefixOptions } from '../tree/tree-options.ts'
import { portableOptions } from '../queue/job-record.ts'
import { checkQueueOptions, type CheckedQueue, type QueueOptions } from '../queue/options.ts'
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
  /**
   * Copy every version of each object in order, the oldest first, and delete markers as such, where the
   * bucket of the destination has versioning. Versions it has already are not copied again. Not with
   * `overwrite`, `checksum`, `filesFrom`, `removeSource`, `rename`, `manifest` or `onBeforeTransfer`.
   * @default false, current versions
   */
  readonly allVersions?: boolean | undefined
  /** Begin nothing more after so long; the same call goes on. Milliseconds. @default no limit */
  readonly maxDurationMs?: number | undefined
  /** Begin nothing more after so many bytes were copied. @default no limit */
  readonly maxBytes?: number | undefined
  /**
   * Lets workers at a queue do it, on as many machines as there are: `serveQueue`, or the command `worker`.
   * `maxBandwidth` and `maxRequestRate` of this engine hold for all of them together. @default none, this
   * process does it
   */
  readonly queue?: QueueOptions | undefined
  /**
   * Whether to tell how long it may take: from the HEADs of the look before, and where bytes come through
   * here by reading at most 8 MiB of the source, in two seconds at most. @default true
   */
  readonly probe?: boolean | undefined
  /** Hears what copies will carry and lose, before the first byte moves. Throwing ends the migration. */
  readonly onFidelity?: ((fidelity: Fidelity) => unknown) | undefined
}

export interface CheckedMigration {
  readonly jobDirectory: string
  readonly overwrite: Overwrite
  readonly checksum: boolean
  readonly allVersions: boolean
  readonly maxDurationMs: number
  readonly maxBytes: number
  readonly probe: boolean
  readonly onFidelity: MigrateOptions['onFidelity']
  readonly queue: CheckedQueue | undefined
  /** For the tree. */
  readonly tree: CopyPrefixOptions
}

const OVERWRITE: readonly unknown[] = ['newer', 'always', 'never'] satisfies Overwrite[]

/** What would tear versions out of their order, or is about one object of each name. */
const NOT_WITH_VERSIONS = [
  'filesFrom',
  'removeSource',
  'rename',
  'manifest',
  'onBeforeTransfer',
  'ifNoneMatch',
  'delete',
  'maxDelete',
  'sizeOnly',
] as const

const NOT_OF_VERSIONS = 'left out beside `allVersions`'

/** @throws ERR_OPTION_INVALID; what is left is checked with the tree */
export function checkMigrateOptions(options: MigrateOptions): CheckedMigration {
  const { jobDirectory, overwrite = 'newer', checksum = false, onFidelity, ...more } = options
  const { maxDurationMs = Infinity, maxBytes = Infinity, allVersions = false, ...rest } = more
  const { queue: wanted, probe = true, ...tree } = rest
  if (typeof jobDirectory !== 'string' || jobDirectory === '') {
    throw invalid('jobDirectory', 'the path of a directory')
  }
  if (!OVERWRITE.includes(overwrite)) throw invalid('overwrite', 'newer, always or never')
  if (typeof checksum !== 'boolean') throw invalid('checksum', 'true or false')
  if (typeof probe !== 'boolean') throw invalid('probe', 'true or false')
  if (checksum && overwrite !== 'newer') {
    throw invalid('checksum', "left out, or `overwrite` 'newer': nothing else is compared")
  }
  if (overwrite === 'never' && tree.ifNoneMatch !== undefined) {
    throw invalid('ifNoneMatch', "left out beside `overwrite: 'never'`, which says it")
  }
  if (typeof allVersions !== 'boolean') throw invalid('allVersions', 'true or false')
  if (allVersions) {
    if (overwrite !== 'newer') throw invalid('overwrite', NOT_OF_VERSIONS)
    if (checksum) throw invalid('checksum', NOT_OF_VERSIONS)
    const others = tree as Readonly<Record<string, unknown>>
    const given = NOT_WITH_VERSIONS.find((name) => (others[name] ?? false) !== false)
    if (given !== undefined) throw invalid(given, NOT_OF_VERSIONS)
  }
  for (const [name, value] of Object.entries({ maxDurationMs, maxBytes })) {
    if (typeof value !== 'number' || !(value > 0)) throw invalid(name, 'a number above 0')
  }
  if (onFidelity !== undefined && typeof onFidelity !== 'function') {
    throw invalid('onFidelity', 'a function')
  }
  const queue = wanted === undefined ? undefined : checkQueueOptions(wanted)
  if (queue !== undefined) {
    if (allVersions) throw invalid('allVersions', 'left out beside `queue`')
    portableOptions(tree)
  }
  const limits = { maxDurationMs, maxBytes, probe }
  const common = { jobDirectory, overwrite, checksum, allVersions, ...limits, onFidelity, queue }
  return { ...common, tree: overwrite === 'never' ? { ...tree, ifNoneMatch: '*' } : tree }
}

function invalid(option: string, expected: string): TransferError {
  const message = `Expected \`${option}\` to be ${expected}.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
