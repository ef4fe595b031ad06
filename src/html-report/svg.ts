/** Pieces of a chart. Colours and letters come from the style of the page. Pure. */

import { markup, type Markup } from './markup.ts'

export type Shape = 'rule' | 'area' | 'line' | 'bar'

export function path(shape: Shape, d: string): Markup {
  return markup`<path class="${shape}" d="${d}"/>`
}

/** @param anchor which point of the text lies there */
export function label(
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end',
  text: string,
): Markup {
  return markup`<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${text}</text>`
}

/** @param told the chart in words, for those who do not see it */
export function chart(
  width: number,
  height: number,
  told: string,
  shapes: readonly Markup[],
): Markup {
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${told}">${shapes}</svg>`
}

/** To a tenth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10
}
