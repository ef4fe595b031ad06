/** How many there are of which magnitude, as SVG: a bar for each, its label and its number beside it. */

import { markup, type Markup } from './markup.ts'
import { chart, label, path, round } from './svg.ts'

export interface Bar {
  readonly label: string
  readonly value: number
  /** What is written beside it. */
  readonly text: string
}

const WIDTH = 720
const ROW = 21
const LEFT = 170
/** Where the longest bar ends: behind it is its number. */
const RIGHT = 500

export function barChart(title: string, description: string, bars: readonly Bar[]): Markup {
  const most = Math.max(1, ...bars.map(({ value }) => value))
  const rows = bars.flatMap((bar, index) => {
    const top = index * ROW
    // What there is at all can be seen.
    const width = bar.value === 0 ? 0 : Math.max(1, (bar.value / most) * (RIGHT - LEFT))
    const right = round(LEFT + width)
    return [
      label(LEFT - 8, top + 15, 'end', bar.label),
      path('bar', `M${LEFT} ${top + 4}H${right}v14H${LEFT}Z`),
      label(right + 8, top + 15, 'start', bar.text),
    ]
  })
  const told = bars.map((bar) => `${bar.label}: ${bar.text}`).join('; ')
  return markup`<figure>
<figcaption><b>${title}</b> ${description}</figcaption>
${chart(WIDTH, bars.length * ROW + 4, `${title}. ${told}`, rows)}
</figure>
`
}
