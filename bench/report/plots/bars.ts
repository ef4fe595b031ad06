/**
 * Bars: a line for each peer and variant of a workload, with what it costs on the left, split into
 * user and system time, and its peak memory on the right. The floor is a line across all of them.
 *
 *   name  ████████▒▒▒▒▒▒▒├─┤ 1.07      ███████ 117
 *   name  ██████████████▒▒▒▒▒▒▒▒▒ 3.82  ████ 98
 */

import { formatSize, MiB } from '../../../src/units.ts'
import type { WorkloadResult } from '../../result.ts'
import { MEMORY_LIMIT } from '../goals.ts'
import { floorRow, type Row, rowsOf } from '../rows.ts'
import { formatAmount, formatSummary, summarize } from '../statistics.ts'
import { formatTick, linearScale, type Scale } from './scale.ts'
import { COLORS, line, plainText, rect, renderSvg, text, textWidth } from './svg.ts'

const WIDTH = 920
const MARGIN = 24
/** Where the bars begin, from the top: heading, key and panel titles are above. */
const TOP = 116
const ROW_HEIGHT = 27
const BAR_HEIGHT = 15
/** Width of the panel on the right, its number included. */
const MEMORY_WIDTH = 190
const GAP = 28
/** From the middle of a bar down to the base line of its text. */
const BASELINE = 4.2
/** Kept free behind the longest bar for its number. */
const NUMBER_WIDTH = 52

/** User time in the strong tone, system time in the light one. */
const TONES = {
  ours: ['#0f766e', '#5cc0b5'],
  library: ['#4a5d78', '#a9b7c9'],
  command: ['#4a5d78', '#a9b7c9'],
  floor: ['#8a7458', '#d3c6b3'],
} as const

interface Panel {
  readonly left: number
  readonly right: number
  readonly scale: Scale
}

interface Panels {
  readonly cost: Panel
  readonly memory: Panel
  /** Where the names end. */
  readonly names: number
}

interface Line {
  readonly row: Row
  readonly label: string
  readonly user: number
  readonly system: number
  readonly memory: number
}

/** The bars of a workload that is no sweep. */
export function renderBars(result: WorkloadResult): string {
  const rows = rowsOf(result.peers, result.samples, result)
  const lines = rows.map((row) => toLine(row))
  const bottom = TOP + lines.length * ROW_HEIGHT
  const panels = panelsFor(lines)
  const floor = floorRow(rows)
  const runs = Math.max(0, ...result.samples.map(({ run }) => run))
  return renderSvg({
    width: WIDTH,
    height: bottom + 44,
    title: `${plainText(result.title)} (CPU ${result.unit})`,
    subtitle:
      `Less is better. Client CPU time; ` +
      (runs === 1 ? 'one run.' : `median of ${runs} runs, thin line: least – most.`),
    description: lines
      .map(({ row, label, memory }) => {
        const spent = `${formatSummary(row.cost)} ${result.unit}`
        return `${label}: ${spent}, peak memory ${formatAmount(memory)} MiB.`
      })
      .join(' '),
    shapes: [
      ...renderKey(lines, floor !== undefined),
      ...renderPanel(panels.cost, `CPU ${result.unit}`, bottom),
      ...renderPanel(panels.memory, 'peak RSS, MiB', bottom),
      ...lines.flatMap((each, index) => renderBar(each, index, panels)),
      ...renderLimits(panels, floor, bottom),
      ...lines.flatMap((each, index) => renderNumbers(each, index, panels)),
    ],
  })
}

function toLine(row: Row): Line {
  const { peer, variant, samples } = row
  return {
    row,
    label: `${peer.title}${variant === 'default' ? ' · as it comes' : ''}`,
    user: summarize(samples.map(({ userSeconds }) => userSeconds)).median,
    system: summarize(samples.map(({ systemSeconds }) => systemSeconds)).median,
    memory: summarize(samples.map(({ peakRss }) => peakRss / MiB)).median,
  }
}

function panelsFor(lines: readonly Line[]): Panels {
  const isBold = ({ row }: Line): boolean => row.peer.kind === 'ours'
  const names = Math.max(0, ...lines.map((each) => textWidth(each.label, 12, isBold(each))))
  const left = Math.min(330, MARGIN + names + 10)
  const memoryRight = WIDTH - MARGIN - NUMBER_WIDTH
  const memoryLeft = WIDTH - MARGIN - MEMORY_WIDTH
  const right = memoryLeft - GAP - NUMBER_WIDTH
  const mostCost = Math.max(0, ...lines.map(({ row }) => row.cost.max))
  const mostMemory = Math.max(0, ...lines.map(({ memory }) => memory))
  return {
    names: left - 10,
    cost: { left, right, scale: linearScale(mostCost, left, right, 6) },
    memory: {
      left: memoryLeft,
      right: memoryRight,
      scale: linearScale(mostMemory, memoryLeft, memoryRight, 4),
    },
  }
}

/** Which tone is what, above the panels. */
function renderKey(lines: readonly Line[], hasFloor: boolean): string[] {
  const kinds = [
    { kind: 'ours', word: 'transfer-engine' },
    { kind: 'library', word: 'others' },
    { kind: 'floor', word: 'floor' },
  ] as const
  const used = new Set(
    lines.map(({ row }) => (row.peer.kind === 'command' ? 'library' : row.peer.kind)),
  )
  const shapes: string[] = []
  let x = MARGIN
  for (const { kind, word } of kinds.filter((each) => used.has(each.kind))) {
    const label = `${word}: user, system`
    shapes.push(rect(x, 69, 12, 11, TONES[kind][0]), rect(x + 12, 69, 12, 11, TONES[kind][1]))
    shapes.push(text(x + 30, 79, label, { color: COLORS.faint, size: 11.5 }))
    x += 30 + textWidth(label, 11.5) + 18
  }
  if (hasFloor) {
    shapes.push(line([x, 75], [x + 24, 75], COLORS.mark, { width: 1.5, dashes: '4 3' }))
    shapes.push(text(x + 30, 79, 'the floor’s cost', { color: COLORS.faint, size: 11.5 }))
  }
  return shapes
}

function renderPanel({ left, right, scale }: Panel, title: string, bottom: number): string[] {
  const shapes = [text(left, TOP - 10, title, { size: 12, bold: true })]
  for (const tick of scale.ticks) {
    const x = scale.at(tick)
    shapes.push(line([x, TOP], [x, bottom], tick === 0 ? COLORS.axis : COLORS.grid))
    const style = { size: 11, color: COLORS.faint, anchor: 'middle' } as const
    shapes.push(text(x, bottom + 17, formatTick(tick), style))
  }
  return [...shapes, line([left, bottom], [right, bottom], COLORS.axis)]
}

function renderBar(
  { row, label, user, system, memory }: Line,
  index: number,
  panels: Panels,
): string[] {
  const middle = middleOf(index)
  const top = middle - BAR_HEIGHT / 2
  const bold = row.peer.kind === 'ours'
  const [strong, light] = TONES[row.peer.kind]
  const { at } = panels.cost.scale
  const { median: cost, min, max } = row.cost
  // Medians of the two parts need not add up to the median of the sum: their share is drawn.
  const split = at((cost * user) / (user + system || 1))
  const { left, scale } = panels.memory
  return [
    text(panels.names, middle + BASELINE, label, {
      anchor: 'end',
      bold,
      color: bold ? strong : COLORS.text,
    }),
    rect(at(0), top, split - at(0), BAR_HEIGHT, strong),
    rect(split, top, at(cost) - split, BAR_HEIGHT, light),
    ...(min === max ? [] : renderRange(at(min), at(max), middle)),
    rect(left, top, scale.at(memory) - left, BAR_HEIGHT, strong, 0.8),
  ]
}

/** Behind the bars, and on top of all lines. */
function renderNumbers(
  { row, memory }: Line,
  index: number,
  { cost, memory: right }: Panels,
): string[] {
  const y = middleOf(index) + BASELINE
  const style = { bold: row.peer.kind === 'ours', halo: true }
  return [
    text(cost.scale.at(row.cost.max) + 7, y, formatAmount(row.cost.median), style),
    text(right.scale.at(memory) + 7, y, Math.round(memory).toLocaleString('en-US'), style),
  ]
}

function middleOf(index: number): number {
  return TOP + index * ROW_HEIGHT + ROW_HEIGHT / 2
}

function renderRange(from: number, to: number, y: number): string[] {
  const color = COLORS.text
  return [
    line([from, y], [to, y], color),
    line([from, y - 3], [from, y + 3], color),
    line([to, y - 3], [to, y + 3], color),
  ]
}

/** The floor's cost over all bars, and the limit we set ourselves for memory. */
function renderLimits({ cost, memory }: Panels, floor: Row | undefined, bottom: number): string[] {
  const shapes: string[] = []
  if (floor !== undefined) {
    const x = cost.scale.at(floor.cost.median)
    shapes.push(line([x, TOP], [x, bottom], COLORS.mark, { width: 1.5, dashes: '4 3' }))
  }
  const x = memory.scale.at(MEMORY_LIMIT / MiB)
  if (x <= memory.right) {
    shapes.push(line([x, TOP], [x, bottom], COLORS.faint, { dashes: '2 3' }))
    shapes.push(
      text(x, bottom + 32, `goal ${formatSize(MEMORY_LIMIT)}`, {
        size: 10.5,
        color: COLORS.faint,
        anchor: 'middle',
      }),
    )
  }
  return shapes
}
