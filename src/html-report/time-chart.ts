/**
 * Amounts over time, as SVG: a stepped area, since what is known of a bin is its mean and not its
 * course, and a dashed line for a second amount, so that colours are not all that tells them apart.
 */

import { markup, type Markup } from './markup.ts'
import { scaleTo, timeTicks } from './scale.ts'
import { chart, label, path, round } from './svg.ts'

export interface Curve {
  readonly name: string
  /** One for each bin. */
  readonly values: readonly number[]
}

export interface TimeChart {
  readonly title: string
  /** What the chart shows, in words, for those who do not see it. */
  readonly description: string
  /** Milliseconds of a bin. */
  readonly binMs: number
  readonly totalMs: number
  readonly base: 10 | 1024
  readonly format: (value: number) => string
  /** One or two. */
  readonly curves: readonly Curve[]
}

const WIDTH = 720
const HEIGHT = 190
const LEFT = 88
const RIGHT = 708
const TOP = 14
const BOTTOM = 160

/** Of the first and the second amount. */
const SHAPES = ['area', 'line'] as const

export function timeChart(of: TimeChart): Markup {
  const { title, description, curves, format, totalMs, binMs } = of
  const scale = scaleTo(Math.max(0, ...curves.flatMap(({ values }) => values)), of.base)
  const x = (ms: number): number => LEFT + (Math.min(ms, totalMs) / (totalMs || 1)) * (RIGHT - LEFT)
  const y = (value: number): number => BOTTOM - (Math.max(0, value) / scale.max) * (BOTTOM - TOP)
  const shapes = [
    ...scale.ticks.flatMap((tick) => [
      path('rule', `M${LEFT} ${round(y(tick))}H${RIGHT}`),
      label(LEFT - 8, y(tick) + 4, 'end', format(tick)),
    ]),
    ...timeTicks(totalMs).flatMap((tick) => [
      path('rule', `M${round(x(tick.ms))} ${BOTTOM}v5`),
      label(x(tick.ms), BOTTOM + 19, 'middle', tick.label),
    ]),
    ...curves.map(({ values }, index) =>
      path(SHAPES[index] ?? 'line', stepsOf(values, binMs, { x, y, isClosed: index === 0 })),
    ),
  ]
  return markup`<figure>
<figcaption><b>${title}</b>${curves.length > 1 ? curves.map(keyOf) : undefined}</figcaption>
${chart(WIDTH, HEIGHT, `${title}. ${description}`, shapes)}
</figure>
`
}

/** Along the values of the bins; closed along the ground for an area. */
function stepsOf(
  values: readonly number[],
  binMs: number,
  {
    x,
    y,
    isClosed,
  }: {
    readonly x: (ms: number) => number
    readonly y: (value: number) => number
    readonly isClosed: boolean
  },
): string {
  let d = isClosed ? `M${LEFT} ${BOTTOM}` : ''
  let at = NaN
  for (const [index, value] of values.entries()) {
    const height = round(y(value))
    if (d === '') d = `M${LEFT} ${height}`
    // A level that stays is one line.
    else if (height !== at) d += `V${height}`
    const next = values[index + 1]
    if (next === undefined || round(y(next)) !== height) d += `H${round(x((index + 1) * binMs))}`
    at = height
  }
  return isClosed ? `${d}V${BOTTOM}Z` : d
}

function keyOf({ name }: Curve, index: number): Markup {
  const drawn = path(SHAPES[index] ?? 'line', index === 0 ? 'M0 10V3H22V10Z' : 'M0 5H22')
  return markup` <span class="key"><svg viewBox="0 0 22 10" aria-hidden="true">${drawn}</svg> ${name}</span>`
}
