/**
 * Curves: the cost of a byte against the size of an object, or of an object against their number,
 * with a point per step and peer, and beside it the peak memory of the same runs. The grey band is
 * what we call flat: ours, within ± 15 % of its middle.
 */

import { formatSize, MiB } from '../../../src/units.ts'
import type { WorkloadResult } from '../../result.ts'
import { OURS, type Row, rowsOf } from '../rows.ts'
import { formatAmount, formatSummary, summarize } from '../statistics.ts'
import { formatCount, type Step, stepsOf } from '../tables.ts'
import { formatTick, linearScale, logScale, type Scale } from './scale.ts'
import { COLORS, dot, line, plainText, polyline, rect, renderSvg, text, textWidth } from './svg.ts'

const WIDTH = 920
const HEIGHT = 400
const TOP = 128
const BOTTOM = 340
const COST = { left: 74, right: 520 } as const
const MEMORY = { left: 612, right: 890 } as const

/** Source: the goal that cost does not depend on size. */
const FLAT = 0.15

/** Between the base lines of two numbers. */
const LINE_HEIGHT = 14

/** Ours first, then others in the order they appear. */
const PALETTE = ['#0f766e', '#b45309', '#4a5d78', '#9d3c72', '#5b7f1f'] as const

interface Point {
  readonly step: Step
  readonly row: Row
  readonly memory: number
}

interface Curve {
  readonly label: string
  readonly color: string
  readonly ours: boolean
  readonly points: readonly Point[]
}

/** The curves of a sweep. */
export function renderCurves(result: WorkloadResult): string {
  const steps = stepsOf(result)
  const curves = curvesOf(result, steps)
  const bySize = new Set(steps.map(({ size }) => size)).size > 1
  const place = ({ count, size }: Step): number => (bySize ? size : count)
  const tickOf = (value: number): string => (bySize ? formatSize(value) : formatCount(value))
  const points = curves.flatMap((curve) => curve.points)
  const places = steps.map(place)
  const most = Math.max(0, ...points.map(({ row }) => row.cost.max))
  const mostMemory = Math.max(0, ...points.map(({ memory }) => memory))
  const panels = [
    {
      x: logScale(places, COST.left + 24, COST.right - 24),
      y: linearScale(most * 1.08, BOTTOM, TOP),
      frame: COST,
      title: `CPU ${result.unit}`,
      value: ({ row }: Point) => row.cost,
    },
    {
      x: logScale(places, MEMORY.left + 24, MEMORY.right - 24),
      y: linearScale(mostMemory * 1.15, BOTTOM, TOP),
      frame: MEMORY,
      title: 'peak RSS, MiB',
      value: ({ row }: Point) => summarize(row.samples.map(({ peakRss }) => peakRss / MiB)),
    },
  ]
  return renderSvg({
    width: WIDTH,
    height: HEIGHT,
    title: `${plainText(result.title)} (CPU ${result.unit})`,
    subtitle: `Less is better, and level is best. Medians, with the range of the runs; start-up included.`,
    description: describe(result, curves, (step) => tickOf(place(step))),
    shapes: [
      ...renderKey(curves),
      ...panels.flatMap(({ x, y, frame, title }) => [
        ...renderAxes({ x, y, frame, title, tickOf }),
        text(
          (frame.left + frame.right) / 2,
          BOTTOM + 40,
          bySize ? 'size of the object' : 'objects',
          {
            size: 11.5,
            color: COLORS.faint,
            anchor: 'middle',
          },
        ),
      ]),
      ...renderBand(curves, panels[0]?.y),
      ...panels.flatMap(({ x, y, value }) => [
        ...curves.flatMap((curve) => renderCurve(curve, { x, y, place, value })),
        ...renderNumbers(curves, steps, { x, y, place, value }),
      ]),
    ],
  })
}

function curvesOf(result: WorkloadResult, steps: readonly Step[]): Curve[] {
  const rows = steps.map((step) => rowsOf(result.peers, step.samples, step))
  return result.peers
    .flatMap((peer) =>
      (['equal', 'default'] as const).flatMap((variant) => {
        const points = steps.flatMap((step, index) => {
          const row = rows[index]?.find((each) => each.peer === peer && each.variant === variant)
          if (row === undefined) return []
          const memory = summarize(row.samples.map(({ peakRss }) => peakRss / MiB)).max
          return [{ step, row, memory }]
        })
        return points.length === 0 ? [] : [{ peer, variant, points }]
      }),
    )
    .map(({ peer, variant, points }, index) => ({
      label: `${peer.title}${variant === 'default' ? ' · as it comes' : ''}`,
      color: PALETTE[index % PALETTE.length] ?? COLORS.text,
      ours: peer.name === OURS,
      points,
    }))
}

function renderKey(curves: readonly Curve[]): string[] {
  const shapes: string[] = []
  let x = 24
  for (const { label, color, ours } of curves) {
    shapes.push(line([x, 76], [x + 26, 76], color, { width: 2 }), dot(x + 13, 76, color))
    shapes.push(text(x + 33, 80, label, { size: 12, bold: ours }))
    x += 33 + textWidth(label, 12, ours) + 20
  }
  if (curves.some(({ ours, points }) => ours && points.length > 1)) {
    shapes.push(rect(x, 70, 26, 12, PALETTE[0], 0.14))
    shapes.push(
      text(x + 33, 80, `± ${FLAT * 100} % around the middle of ours`, {
        size: 12,
        color: COLORS.faint,
      }),
    )
  }
  return shapes
}

interface Axes {
  readonly x: Scale
  readonly y: Scale
  readonly frame: { readonly left: number; readonly right: number }
  readonly title: string
  readonly tickOf: (value: number) => string
}

function renderAxes({ x, y, frame, title, tickOf }: Axes): string[] {
  const faint = { size: 11, color: COLORS.faint } as const
  const shapes = [text(frame.left, TOP - 14, title, { size: 12, bold: true })]
  for (const tick of y.ticks) {
    const at = y.at(tick)
    const color = tick === 0 ? COLORS.axis : COLORS.grid
    shapes.push(line([frame.left, at], [frame.right, at], color))
    shapes.push(text(frame.left - 8, at + 4, formatTick(tick), { ...faint, anchor: 'end' }))
  }
  let end = Number.NEGATIVE_INFINITY
  for (const tick of x.ticks) {
    const at = x.at(tick)
    const label = tickOf(tick)
    const half = textWidth(label, 11) / 2
    shapes.push(line([at, BOTTOM], [at, BOTTOM + 4], COLORS.axis))
    // A label that would run into the one before is left out; its mark stays.
    if (at - half < end + 4) continue
    shapes.push(text(at, BOTTOM + 19, label, { ...faint, anchor: 'middle' }))
    end = at + half
  }
  return shapes
}

/** Ours within ± 15 % of the middle between its least and its most. */
function renderBand(curves: readonly Curve[], y: Scale | undefined): string[] {
  const costs = curves
    .filter(({ ours }) => ours)
    .flatMap(({ points }) => points.map(({ row }) => row.cost.median))
  if (costs.length < 2 || y === undefined) return []
  const middle = (Math.min(...costs) + Math.max(...costs)) / 2
  const top = y.at(middle * (1 + FLAT))
  const bottom = y.at(middle * (1 - FLAT))
  return [rect(COST.left, top, COST.right - COST.left, bottom - top, PALETTE[0], 0.14)]
}

interface Placement {
  readonly x: Scale
  readonly y: Scale
  readonly place: (step: Step) => number
  readonly value: (point: Point) => { median: number; min: number; max: number }
}

function renderCurve({ points, color, ours }: Curve, { x, y, place, value }: Placement): string[] {
  const marks = points.map((point) => {
    const { median, min, max } = value(point)
    return { x: x.at(place(point.step)), y: y.at(median), low: y.at(min), high: y.at(max) }
  })
  const corners = marks.map((mark): [number, number] => [mark.x, mark.y])
  return [
    polyline(corners, color),
    ...marks.map((mark) => line([mark.x, mark.low], [mark.x, mark.high], color, { width: 1.5 })),
    ...marks.map((mark) => dot(mark.x, mark.y, color, ours ? 4.5 : 4)),
  ]
}

/** A number above each point, or below it where the number of a higher point is in the way. */
function renderNumbers(
  curves: readonly Curve[],
  steps: readonly Step[],
  { x, y, place, value }: Placement,
): string[] {
  return steps.flatMap((step) => {
    const marks = curves.flatMap(({ points, color, ours }) =>
      points
        .filter((point) => place(point.step) === place(step))
        .map((point) => ({ ...value(point), color, ours })),
    )
    let taken = Number.NEGATIVE_INFINITY
    return marks
      .sort((a, b) => b.median - a.median)
      .map(({ median, min, max, color, ours }) => {
        const above = y.at(max) - 9
        const base =
          above - taken < LINE_HEIGHT ? Math.max(y.at(min) + 18, taken + LINE_HEIGHT) : above
        taken = Math.max(base, y.at(median))
        const style = { size: 11, color, bold: ours, anchor: 'middle', halo: true } as const
        return text(x.at(place(step)), base, formatAmount(median), style)
      })
  })
}

function describe(
  { unit }: WorkloadResult,
  curves: readonly Curve[],
  nameOf: (step: Step) => string,
): string {
  return curves
    .map(({ label, points }) => {
      const words = points.map(
        ({ step, row }) => `${nameOf(step)} ${formatSummary(row.cost)} ${unit}`,
      )
      return `${label}: ${words.join(', ')}.`
    })
    .join(' ')
}
