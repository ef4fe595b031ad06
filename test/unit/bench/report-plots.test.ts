/** Plots: drawn from results alone, readable, and the same each time. */

import { describe, expect, it } from 'vitest'
import { renderPlot } from '../../../bench/report/plots/render-plot.ts'
import { formatTick, linearScale, logScale } from '../../../bench/report/plots/scale.ts'
import { textWidth } from '../../../bench/report/plots/svg.ts'
import { peer, result, runs, crowded, sweep } from './report-fixture.ts'

interface Label {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly y: number
}

function plotOf(...args: Parameters<typeof renderPlot>): string {
  return renderPlot(...args) ?? ''
}

/** Where each text is, as wide as it may become. */
function labelsIn(svg: string): Label[] {
  return [...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(
    ([, attributes = '', text = '']) => {
      const of = (name: string): string =>
        new RegExp(` ?${name}="([^"]*)"`).exec(attributes)?.[1] ?? ''
      const width = textWidth(text, Number(of('font-size')), attributes.includes('font-weight'))
      const share = { '': 0, start: 0, middle: 0.5, end: 1 }[of('text-anchor')] ?? 0
      const left = Number(/\bx="([^"]*)"/.exec(attributes)?.[1]) - width * share
      return { text, left, right: left + width, y: Number(/\by="([^"]*)"/.exec(attributes)?.[1]) }
    },
  )
}

function overlapsIn(svg: string): string[] {
  const labels = labelsIn(svg)
  return labels.flatMap((a, index) =>
    labels
      .slice(index + 1)
      .filter((b) => Math.abs(a.y - b.y) < 10 && a.left < b.right && b.left < a.right)
      .map((b) => `${a.text} / ${b.text}`),
  )
}

const PLOTS = [
  ['few bars', plotOf(result())],
  ['many bars', plotOf(crowded('download-4g'))],
  ['a curve', plotOf(sweep([1.15, 1.08, 1.02, 1.05]))],
] as const

describe.each(PLOTS)('%s', (_name, svg) => {
  it('are one well-formed document on a white ground', () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*role="img"/)
    expect(svg.trimEnd().endsWith('</svg>')).toBe(true)
    expect(svg).toContain('fill="#ffffff"')
    const opened = svg.match(/<(svg|title|desc|text)\b/g)?.length
    expect(svg.match(/<\/(svg|title|desc|text)>/g)).toHaveLength(opened ?? 0)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('tell those who do not see them what is drawn', () => {
    expect(svg).toMatch(/<title id="title">Download.*\(CPU s\/GiB\)<\/title>/)
    expect(svg).toMatch(/<desc id="description">transfer-engine: .* s\/GiB/)
  })

  it('have no labels that overlap or leave the picture', () => {
    expect(overlapsIn(svg)).toEqual([])
    const width = Number(/ width="(\d+)"/.exec(svg)?.[1])
    const outside = labelsIn(svg).filter(({ left, right }) => left < 0 || right > width)
    expect(outside).toEqual([])
  })
})

describe('bars', () => {
  it('are as long as the cost, from the cheapest down', () => {
    const svg = plotOf(result())
    const bars = [...svg.matchAll(/<rect [^>]*width="([\d.]+)" height="15" fill="([^"]+)"\/>/g)]
    const lengths = bars.map(([, width]) => Number(width))
    // User and system time of each, in turn: 1, 4 and 0.5 s/GiB.
    const [ours, other, floor] = [0, 2, 4].map((i) => (lengths[i] ?? 0) + (lengths[i + 1] ?? 0))
    expect((other ?? 0) / (ours ?? 1)).toBeCloseTo(4, 2)
    expect((floor ?? 0) / (ours ?? 1)).toBeCloseTo(0.5, 2)
    expect((lengths[1] ?? 0) / (lengths[0] ?? 1)).toBeCloseTo(3, 2)
  })

  it('draw the floor across all of them only if there is one', () => {
    const samples = [...runs('transfer-engine', [2]), ...runs('client-s3', [8])]
    expect(plotOf(result())).toContain('the floor’s cost')
    expect(plotOf(result({ samples }))).not.toContain('the floor’s cost')
  })

  it('write names as they are, whatever marks they have', () => {
    const peers = [peer('transfer-engine', 'ours', 'a <b> & "c"')]
    const svg = plotOf(result({ peers, title: 'Start of `x`' }))
    expect(svg).toContain('>a &lt;b&gt; &amp; &quot;c&quot;</text>')
    expect(svg).toContain('>Start of x (CPU s/GiB)</text>')
  })
})

describe('curves', () => {
  it('have a point for each step and each of both panels', () => {
    expect(plotOf(sweep([1, 1.1, 1.2])).match(/<polyline/g)).toHaveLength(4)
    // Ours three times, the other once, in two panels, and both in the key.
    expect(plotOf(sweep([1, 1.1, 1.2])).match(/<circle/g)).toHaveLength(10)
  })

  it('move a number below its point where another is in the way', () => {
    const both = [...runs('transfer-engine', [1]), ...runs('client-s3', [1])]
    const steps = [{ count: 1, size: 1024 ** 3, samples: both }]
    expect(overlapsIn(plotOf(sweep([], { steps })))).toEqual([])
  })
})

describe('a plot', () => {
  it('is the same bytes for the same result', () => {
    expect(plotOf(crowded('x'))).toBe(plotOf(crowded('x')))
  })

  it('is not drawn of nothing', () => {
    expect(renderPlot(result({ samples: [] }))).toBeUndefined()
    expect(renderPlot(sweep([]))).toBeUndefined()
  })
})

describe('a scale', () => {
  it('has round ticks from zero up to its end', () => {
    expect(linearScale(5.83, 0, 100, 6).ticks).toEqual([0, 1, 2, 3, 4, 5])
    expect(linearScale(339, 0, 100, 4).ticks).toEqual([0, 100, 200, 300])
    expect(linearScale(0, 0, 100).ticks[0]).toBe(0)
  })

  it('spaces powers of two evenly', () => {
    const { at } = logScale([256, 1024, 4096], 0, 100)
    expect([at(256), at(1024), at(4096)]).toEqual([0, 50, 100])
  })

  it.each([
    [0, '0'],
    [0.25, '0.25'],
    [0.1 * 3, '0.3'],
    [2.5, '2.5'],
    [1000, '1,000'],
  ])('writes %d as %s', (value, text) => {
    expect(formatTick(value)).toBe(text)
  })
})
