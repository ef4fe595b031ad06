/** From values to pixels, and which values get a line of their own. Pure. */

import { formatAmount } from '../statistics.ts'

export interface Scale {
  /** Pixel of a value. */
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

/** Steps that people read easily, as multiples of a power of ten. */
const ROUND_STEPS = [1, 2, 2.5, 5, 10] as const

/** From 0 to `max`, which may lie beyond the last tick, over the pixels `from` to `to`. */
export function linearScale(max: number, from: number, to: number, ticksWanted = 5): Scale {
  const most = Number.isFinite(max) && max > 0 ? max : 1
  const step = roundStep(most / ticksWanted)
  const count = Math.floor(most / step + 1e-9)
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step)
  return { at: (value) => from + (value / most) * (to - from), ticks }
}

/** By powers of two, with a tick for each of the values. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const ticks = [...new Set(values)].sort((a, b) => a - b)
  const least = Math.log2(ticks[0] ?? 1)
  const most = Math.log2(ticks.at(-1) ?? 1)
  const at = (value: number): number =>
    most === least
      ? (from + to) / 2
      : from + ((Math.log2(value) - least) / (most - least)) * (to - from)
  return { at, ticks }
}

/** `0`, `0.5`, `250`: no more digits than the ticks differ by. */
export function formatTick(value: number): string {
  if (value === 0) return '0'
  if (Math.abs(value) >= 100) return formatAmount(value)
  return String(Number(value.toPrecision(3)))
}

/** The smallest easy step that is at least `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step))
  const factor = ROUND_STEPS.find((each) => each * power >= step * (1 - 1e-9)) ?? 10
  return factor * power
}
