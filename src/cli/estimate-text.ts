/**
 * How long a migration may take, as a line for people.
 */

import type { Estimate } from '../index.ts'
import { formatDuration, formatSize } from '../units.ts'

/** `estimated time: about 3m 20s for 10.0 GiB at 51.2 MiB/s; …` */
export function estimateText(estimate: Estimate): string {
  const { elapsedMs, isAtLeast, probe } = estimate
  if (elapsedMs === undefined) return 'estimated time: unknown, there was nothing to measure\n'
  const word = isAtLeast ? 'at least' : 'about'
  const { bytes, reads } = probe
  const seen =
    bytes > 0
      ? `reading ${formatSize(bytes)} of ${reads} objects in ${formatDuration(probe.elapsedMs)}`
      : 'asking for some of the objects'
  const time = `${word} ${formatDuration(elapsedMs)} ${amountOf(estimate)}`
  return `estimated time: ${time}; by ${seen}, writing nothing\n`
}

function amountOf({ by, of, objects, bytes, elapsedMs = 0 }: Estimate): string {
  const what = of === 'listing' ? ' listed, as if none were there yet,' : ''
  const perSecond = (amount: number): number => Math.round((amount / elapsedMs) * 1000)
  return by === 'bytes'
    ? `for ${formatSize(bytes)}${what} at ${formatSize(perSecond(bytes))}/s`
    : `for ${objects} objects${what} at ${perSecond(objects)} objects/s`
}
