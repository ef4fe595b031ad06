/**
 * HTML made of templates, in which all that is put in is text unless it is markup itself: a key like
 * `</td><script>` is shown, and does nothing. Pure.
 */

import { escapeText } from '../escape-text.ts'

/** Characters that mean something in text or in a quoted attribute. */
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Markup of ours. */
export class Markup {
  readonly text: string

  /** @param text is trusted; everything else goes through `markup` */
  constructor(text: string) {
    this.text = text
  }
}

type Piece = string | number | Markup | undefined | readonly (Markup | undefined)[]

/** Attributes must be written with double quotes. What is `undefined` leaves nothing. */
export function markup(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  const text = parts.map((part, index) => part + textOf(pieces[index]))
  return new Markup(text.join(''))
}

/** A part of the page, under a heading of its own. */
export function section(title: string, pieces: readonly (Markup | undefined)[]): Markup {
  return markup`<section>
<h2>${title}</h2>
${pieces}</section>
`
}

function textOf(piece: Piece): string {
  if (piece === undefined) return ''
  if (piece instanceof Markup) return piece.text
  if (typeof piece === 'number') return String(piece)
  if (typeof piece !== 'string') return piece.map(textOf).join('')
  return escapeText(piece).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}

/**
 * Text that takes little room, whatever it holds: its beginning and its end.
 * @param most characters, control characters counted as they are shown
 */
export function clip(text: string, most = 160): string {
  const shown = escapeText(text.length > 4 * most ? middleless(text, 2 * most) : text)
  return shown.length <= most ? shown : middleless(shown, most)
}

/** Never cuts a character in two. */
function middleless(text: string, most: number): string {
  const half = Math.floor((most - 1) / 2)
  const head = text.slice(0, half).replace(/[\uD800-\uDBFF]$/, '')
  return `${head}…${text.slice(-half).replace(/^[\uDC00-\uDFFF]/, '')}`
}
