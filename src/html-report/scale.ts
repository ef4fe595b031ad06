/** Which values of an axis get a line, and how amounts are written. Pure. */

import { formatSize } from '../units.ts'

export interface Scale {
  /** The last tick: at least the largest value. */
  readonly max: number
  readonly ticks: readonly number[]
}

/** Steps that people read easily, as multiples of a unit. */
const STEPS = [1, 2, 5] as const
const TICKS_WANTED = 4

/** From 0 to a round number that is at least `max`. @param base 1024 for bytes */
export function scaleTo(max: number, base: 10 | 1024): Scale {
  const wanted = Math.max(max, 0) / TICKS_WANTED || 1 / TICKS_WANTED
  const step = roundStep(wanted, base)
  const count = Math.max(1, Math.ceil(max / step - 1e-9))
  return {
    max: count * step,
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
  }
}

/** The smallest easy step that is at least `step`; of bytes one of 1, 2, 5 … 500 KiB, MiB and so on. */
function roundStep(step: number, base: 10 | 1024): number {
  const unit = base === 10 ? 1 : 1024 ** Math.max(0, Math.floor(Math.log(step) / Math.log(1024)))
  const inUnits = step / unit
  const power = 10 ** Math.floor(Math.log10(inUnits))
  const factor = STEPS.find((each) => each * power >= inUnits * (1 - 1e-9)) ?? 10
  const inBase = factor * power
  return inBase >= 1000 && base === 1024 ? 1024 * unit : inBase * unit
}

const TIME_STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
  86400,
] as const

const TIMES_WANTED = 7

export interface TimeTick {
  readonly ms: number
  readonly label: string
}

/** Round times from 0 to `totalMs`, all in the same unit. */
export function timeTicks(totalMs: number): readonly TimeTick[] {
  const seconds = totalMs / 1000
  const day = 86_400
  const step =
    TIME_STEPS.find((each) => seconds / each <= TIMES_WANTED) ??
    day * Math.ceil(seconds / TIMES_WANTED / day)
  const [unit, word] = step < 60 ? [1, 's'] : step < 3600 ? [60, 'min'] : [3600, 'h']
  return Array.from({ length: Math.floor(seconds / step + 1e-9) + 1 }, (_, index) => ({
    ms: index * step * 1000,
    label: `${formatNumber((index * step) / unit)} ${word}`,
  }))
}

/** `12,345`, `0.25`: three digits behind which nobody looks. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(Math.round(bytesPerSecond))}/s`
}
