/**
 * Byte and time units, and the one place where text becomes a number of them.
 *
 * Sizes and offsets are always bytes, durations always milliseconds, rates always bytes per
 * second. Binary prefixes only mean powers of 1024; `MB` is accepted and means the same as `MiB`,
 * as in the AWS CLI.
 */

export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB
export const TiB = 1024 * GiB

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: KiB,
  KB: KiB,
  KIB: KiB,
  M: MiB,
  MB: MiB,
  MIB: MiB,
  G: GiB,
  GB: GiB,
  GIB: GiB,
  T: TiB,
  TB: TiB,
  TIB: TiB,
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `'8MiB'`, `'64 KB'`, `'1.5G'` or `'4096'` → bytes; `undefined` when it is not a size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const unit = SIZE_UNITS[(match?.[2] ?? '').toUpperCase()]
  if (match === null || unit === undefined) return undefined
  const size = Number(match[1]) * unit
  return Number.isSafeInteger(size) ? size : undefined
}

/** `'30s'`, `'250ms'`, `'2m'` or `'250'` (ms) → milliseconds; `undefined` when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(text.trim())
  const unit = DURATION_UNITS[match?.[2] ?? '']
  if (match === null || unit === undefined) return undefined
  return Math.round(Number(match[1]) * unit)
}

/** `'10MiB/s'` or `'10MiB'` → bytes per second; `undefined` when it is not a rate. */
export function parseRate(text: string): number | undefined {
  return parseSize(text.trim().replace(/\/s$/, ''))
}

/** Bytes for people: `1536` → `'1.5 KiB'`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 || Number.isInteger(value) ? 0 : value < 10 ? 2 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}

/** Milliseconds for people: `61000` → `'1m01s'`, `1500` → `'1.5s'`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`
  const seconds = Math.round(ms / 1000)
  const pad = (value: number): string => String(value).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h${pad(Math.floor((seconds % 3600) / 60))}m`
}
