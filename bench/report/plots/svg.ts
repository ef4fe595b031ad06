/**
 * A drawing as text: shapes with their coordinates, in pixels, and a document around them that is
 * readable on light and dark pages (a white ground of its own) and by screen readers (title and
 * description). The same input yields the same bytes. Pure.
 */

/** Ground and ink. Dark on white has a contrast of more than 4.5 everywhere text is drawn. */
export const COLORS = {
  ground: '#ffffff',
  frame: '#d8dee4',
  grid: '#e6e9ed',
  axis: '#9aa4af',
  text: '#1f2933',
  faint: '#5d6b7a',
  mark: '#c2410c',
} as const

const FONT = "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif"

/** Mean width of a character as a share of the font size; bold is wider. Source: DejaVu Sans. */
const CHARACTER_WIDTH = { normal: 0.58, bold: 0.66 } as const

const HALO = ` paint-order="stroke" stroke="${COLORS.ground}" stroke-width="4" stroke-linejoin="round"`

export type Anchor = 'start' | 'middle' | 'end'

export interface TextStyle {
  readonly size?: number
  readonly color?: string
  readonly bold?: boolean
  readonly anchor?: Anchor
  /** Whether lines that cross it stop short of it. */
  readonly halo?: boolean
}

export interface Drawing {
  readonly width: number
  readonly height: number
  /** The heading, drawn, and read out first. */
  readonly title: string
  /** A line below it. */
  readonly subtitle: string
  /** The numbers in words, for those who do not see them. */
  readonly description: string
  readonly shapes: readonly string[]
}

/** A whole SVG file. */
export function renderSvg({
  width,
  height,
  title,
  subtitle,
  description,
  shapes,
}: Drawing): string {
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
      `height="${height}" role="img" aria-labelledby="title description" font-family="${FONT}">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<desc id="description">${escapeXml(description)}</desc>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" ` +
      `fill="${COLORS.ground}" stroke="${COLORS.frame}"/>`,
    text(24, 34, title, { size: 17, bold: true }),
    text(24, 55, subtitle, { size: 12, color: COLORS.faint }),
    ...shapes,
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, color = COLORS.text, bold = false, anchor = 'start', halo = false } = style
  const weight = bold ? ' font-weight="600"' : ''
  const align = anchor === 'start' ? '' : ` text-anchor="${anchor}"`
  return (
    `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${color}"${weight}${align}` +
    `${halo ? HALO : ''}>${escapeXml(content)}</text>`
  )
}

export function rect(
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  opacity = 1,
): string {
  const faded = opacity === 1 ? '' : ` fill-opacity="${opacity}"`
  return (
    `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, width))}" ` +
    `height="${round(Math.max(0, height))}" fill="${fill}"${faded}/>`
  )
}

export function line(
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
  color: string,
  { width = 1, dashes = '' }: { readonly width?: number; readonly dashes?: string } = {},
): string {
  const dashed = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`
  return (
    `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" ` +
    `y2="${round(to[1])}" stroke="${color}" stroke-width="${width}"${dashed}/>`
  )
}

export function polyline(points: readonly (readonly [number, number])[], color: string): string {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')
  return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`
}

export function dot(x: number, y: number, color: string, radius = 4): string {
  return (
    `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" fill="${color}" ` +
    `stroke="${COLORS.ground}" stroke-width="1.5"/>`
  )
}

/** How wide a text will be at most, or nearly so: what the reader's font does is not known. */
export function textWidth(content: string, size = 12, bold = false): number {
  return content.length * size * CHARACTER_WIDTH[bold ? 'bold' : 'normal']
}

/** A heading without the marks of Markdown. */
export function plainText(markdown: string): string {
  return markdown.replaceAll('`', '')
}

function round(value: number): string {
  return String(Number(value.toFixed(2)))
}

function escapeXml(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
