/**
 * What `cleanup` may be told, and what it tells.
 */

import { TransferError } from '../errors.ts'
import { checkOption, unknownOption, type OptionRow } from '../option-check.ts'

const DAY_MS = 86_400_000

export interface CleanupOptions {
  /** Only uploads to which nothing has happened for so long. Milliseconds. @default 1 day */
  readonly olderThanMs?: number | undefined
  /** All uploads below the prefix, not only those recorded on this machine. @default false */
  readonly any?: boolean | undefined
  /** Say what would be aborted, and abort nothing. @default false */
  readonly dryRun?: boolean | undefined
  /** Ends it; what is being aborted at that moment still is. */
  readonly signal?: AbortSignal | undefined
  /** Hears of each upload as it is dealt with. */
  readonly onUpload?: ((upload: CleanupUpload) => void) | undefined
}

/** An upload that `cleanup` took for abandoned, and what became of it. */
export interface CleanupUpload {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** Whether an engine of this machine and user recorded it. */
  readonly isOurs: boolean
  /** When it was opened. Milliseconds since the epoch. */
  readonly startedAt: number
  /** Time since it was opened, or since its last part arrived. Milliseconds. */
  readonly idleMs: number
  /** What its parts take in the store; `undefined` when the store does not let us look. */
  readonly stored: { readonly parts: number; readonly bytes: number } | undefined
  readonly outcome: 'aborted' | 'would-abort' | 'failed'
  /** Why it could not be removed. */
  readonly error: TransferError | undefined
}

export interface CleanupResult {
  readonly uploads: readonly CleanupUpload[]
  /** Uploads that were found and left alone. */
  readonly kept: {
    /** Something happened to them within `olderThanMs`, or the store does not say when. */
    readonly recent: number
    /** An engine still works on them. */
    readonly held: number
  }
}

/** Those with a bound, as rows of an option table. */
export const CLEANUP_OPTIONS = {
  olderThanMs: {
    kind: 'duration',
    default: DAY_MS,
    min: 0,
    max: 3650 * DAY_MS,
    flag: '--older-than',
    doc: 'Only uploads to which nothing has happened for so long',
  },
  any: { kind: 'boolean', flag: '--any', doc: 'All uploads, not only those recorded here' },
  dryRun: { kind: 'boolean', flag: '--dry-run', doc: 'Say what would be aborted' },
} as const satisfies Record<string, OptionRow>

const ROWS: Readonly<Record<string, OptionRow>> = CLEANUP_OPTIONS

/** All of them, filled in. */
export interface CheckedCleanup extends Pick<CleanupOptions, 'signal' | 'onUpload'> {
  readonly olderThanMs: number
  readonly any: boolean
  readonly dryRun: boolean
}

/** @throws ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
export function checkCleanupOptions(options: CleanupOptions): CheckedCleanup {
  const { signal, onUpload, ...rest } = options
  for (const name of Object.keys(rest)) {
    if (!Object.hasOwn(CLEANUP_OPTIONS, name)) throw unknownOption(name, ROWS)
  }
  for (const [name, value, type] of [
    ['signal', signal, AbortSignal],
    ['onUpload', onUpload, Function],
  ] as const) {
    if (value === undefined || value instanceof type) continue
    const message = `Expected \`${name}\` to be ${type.name}, got ${typeof value}.`
    throw new TransferError('ERR_OPTION_INVALID', message, { option: name })
  }
  const { olderThanMs, any, dryRun } = CLEANUP_OPTIONS
  return {
    olderThanMs: checkOption('olderThanMs', olderThanMs, rest.olderThanMs) as number,
    any: checkOption('any', any, rest.any) === true,
    dryRun: checkOption('dryRun', dryRun, rest.dryRun) === true,
    signal,
    onUpload,
  }
}
