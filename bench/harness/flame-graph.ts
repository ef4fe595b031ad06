/** A tree of times as a picture: a plain SVG, in which pointing at a box tells its numbers. Pure. */

import { groupOf, nameOf, placeOf, type StackNode } from './cpu-profile.ts'

const WIDTH = 1400
const ROW = 17
const MARGIN = 10
const TITLE = 24

/** Pixels that a letter takes, and boxes too narrow to be drawn. */
const LETTER = 6.6
const NARROWEST = 0.5

/** Colours by whose code it is; what has none of its own is grey. */
const COLOURS: readonly (readonly [group: RegExp, colour: string])[] = [
  [/^ours/, '#8fc97e'],
  [/^undici$/, '#f0b35a'],
  [/^Node$/, '#86b6e3'],
  [/^native/, '#e58f7b'],
  [/^garbage/, '#c79be0'],
]

interface Box {
  readonly node: StackNode
  readonly x: number
  readonly depth: number
}

/** One graph under the other, each with its heading. */
export function renderFlameGraph(
  graphs: readonly { readonly title: string; readonly root: StackNode }[],
): string {
  let top = MARGIN
  const parts: string[] = []
  for (const { title, root } of graphs) {
    const boxes = boxesOf(root)
    const depth = Math.max(0, ...boxes.map((box) => box.depth)) + 1
    const seconds = (root.total / 1e6).toFixed(2)
    parts.push(text(MARGIN, top + TITLE - 8, `${title}: ${seconds} s`))
    parts.push(...boxes.map((box) => drawBox(box, root.total, top + TITLE)))
    top += TITLE + depth * ROW + MARGIN
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" ` +
      `font-family="monospace" font-size="11">`,
    `<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/** Every box wide enough to be seen, callers above what they call. */
function boxesOf(root: StackNode): Box[] {
  const boxes: Box[] = []
  const scale = (WIDTH - 2 * MARGIN) / Math.max(1, root.total)
  const place = (node: StackNode, x: number, depth: number): void => {
    if (node.total * scale < NARROWEST) return
    boxes.push({ node, x, depth })
    let next = x
    for (const child of [...node.children.values()].sort((a, b) => b.total - a.total)) {
      place(child, next, depth + 1)
      next += child.total * scale
    }
  }
  place(root, MARGIN, 0)
  return boxes
}

function drawBox({ node, x, depth }: Box, total: number, top: number): string {
  const { frame } = node
  const width = (node.total / total) * (WIDTH - 2 * MARGIN)
  const y = top + depth * ROW
  const colour = COLOURS.find(([group]) => group.test(groupOf(frame)))?.[1] ?? '#d8d8d8'
  const name = nameOf(frame)
  const letters = Math.floor((width - 4) / LETTER)
  const label = letters < 3 ? '' : text(x + 2, y + ROW - 5, name.slice(0, letters))
  const share = ((node.total / total) * 100).toFixed(1)
  const times = `${(node.total / 1000).toFixed(1)} ms (${share} %), self ${(node.self / 1000).toFixed(1)} ms`
  return (
    `<g><title>${escape(`${name} ${placeOf(frame)} ${times}`)}</title>` +
    `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" ` +
    `fill="${colour}"/>${label}</g>`
  )
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}">${escape(content)}</text>`
}

function escape(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
