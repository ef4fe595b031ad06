/**
 * A simulated run over time: on the left what was moved beside what could have been, on the right
 * the limit of requests in flight. What does not count, since it is warm-up, has a grey ground.
 */

import type { RunRecord } from '../../simulation/record.ts'
import { formatTick, linearScale, type Scale } from './scale.ts'
import { COLORS, line, polyline, rect, renderSvg, text, textWidth } from './svg.ts'

const WIDTH = 920
const HEIGHT = 300
const TOP = 116
const BOTTOM = 246
const RATE = { left: 74, right: 560 } as const
const LIMIT = { left: 634, right: 890 } as const

/** Kept free above the highest value. */
const HEAD_ROOM = 1.1

const ACHIEVABLE = '#b45309'
const CLIENTS = ['#0f766e', '#4a5d78'] as const

interface Panel {
  readonly title: string
  readonly frame: { readonly left: number; readonly right: number }
  readonly x: Scale
  readonly y: Scale
  readonly curves: readonly (readonly [values: readonly number[], color: string])[]
}

/** Name of the file below `plots/`. */
export function adaptationFile({ name }: RunRecord): string {
  return `adaptation-${name}.svg`
}

export function renderAdaptation(run: RunRecord): string {
  const { title, unit, limits, goodputs, achievable, step } = run
  const seconds = achievable.length * step
  const panels: readonly Panel[] = [
    panel(`goodput, ${unit}`, RATE, seconds, [[achievable, ACHIEVABLE], ...colored(goodputs)]),
    panel('limit of requests in flight', LIMIT, seconds, colored(limits)),
  ]
  return renderSvg({
    width: WIDTH,
    height: HEIGHT,
    title,
    subtitle: `Simulated. ${describeRun(run)}`,
    description:
      `Achievable ${formatTick(achievable[0] ?? 0)} to ${formatTick(achievable.at(-1) ?? 0)} ${unit}. ` +
      `Limits at the end: ${limits.map((each) => each.at(-1)).join(' and ')}.`,
    shapes: [...renderKey(goodputs.length), ...panels.flatMap((each) => renderPanel(each, run))],
  })
}

/** What a run reached, in words. */
export function describeRun({ reached, refused, fairness }: RunRecord): string {
  const parts = [`${percent(reached, 1)} of the achievable rate after warm-up`]
  if (refused !== undefined) parts.push(`${percent(refused, 2)} of the requests refused`)
  if (fairness !== undefined) parts.push(`Jain index ${fairness.toFixed(3)}`)
  return `${parts.join(', ')}.`
}

export function percent(share: number, digits: number): string {
  return `${(100 * share).toFixed(digits)} %`
}

function colored(lists: readonly (readonly number[])[]): (readonly [readonly number[], string])[] {
  return lists.map((values, index) => [values, CLIENTS[index % CLIENTS.length] ?? COLORS.text])
}

function panel(
  title: string,
  frame: Panel['frame'],
  seconds: number,
  curves: Panel['curves'],
): Panel {
  const most = Math.max(...curves.flatMap(([values]) => values))
  return {
    title,
    frame,
    curves,
    x: linearScale(seconds, frame.left, frame.right, 6),
    y: linearScale(most * HEAD_ROOM, BOTTOM, TOP, 4),
  }
}

function renderPanel({ title, frame, x, y, curves }: Panel, run: RunRecord): string[] {
  const faint = { size: 11, color: COLORS.faint } as const
  return [
    text(frame.left, TOP - 12, title, { size: 12, bold: true }),
    ...run.warmUps.map(([from, to]) =>
      rect(x.at(from), TOP, x.at(to) - x.at(from), BOTTOM - TOP, COLORS.grid, 0.6),
    ),
    ...y.ticks.flatMap((tick) => [
      line(
        [frame.left, y.at(tick)],
        [frame.right, y.at(tick)],
        tick === 0 ? COLORS.axis : COLORS.grid,
      ),
      text(frame.left - 8, y.at(tick) + 4, formatTick(tick), { ...faint, anchor: 'end' }),
    ]),
    ...x.ticks.flatMap((tick) => [
      line([x.at(tick), BOTTOM], [x.at(tick), BOTTOM + 4], COLORS.axis),
      text(x.at(tick), BOTTOM + 18, `${formatTick(tick)} s`, { ...faint, anchor: 'middle' }),
    ]),
    ...curves.map(([values, color]) =>
      polyline(
        values.map((value, index): [number, number] => [x.at((index + 1) * run.step), y.at(value)]),
        color,
      ),
    ),
  ]
}

function renderKey(clients: number): string[] {
  const entries: (readonly [label: string, color: string])[] = [['achievable', ACHIEVABLE]]
  for (let index = 0; index < clients; index += 1) {
    const label = clients === 1 ? 'reached' : `engine ${index + 1}`
    entries.push([label, CLIENTS[index % CLIENTS.length] ?? COLORS.text])
  }
  let left = 24
  const shapes = entries.flatMap(([label, color]) => {
    const at = left
    left += 33 + textWidth(label, 12) + 20
    return [line([at, 76], [at + 26, 76], color, { width: 2 }), text(at + 33, 80, label)]
  })
  shapes.push(rect(left, 69, 26, 14, COLORS.grid, 0.6), text(left + 33, 80, 'warm-up'))
  return shapes
}
