/**
 * Text on its way to a terminal, and events on their way to a program. Everything that is not ours is
 * escaped. Our own text has no colours, with or without NO_COLOR.
 */

import { escapeCodeUnits, escapeText, UNSAFE } from '../escape-text.ts'

export { escapeText }

/** A stream as far as output needs it. */
export interface TextStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/**
 * One line of JSON. Fields without a value are `null`, so that the shape of an event does not
 * depend on what is known; what a terminal would act on is escaped, as in text.
 */
export function jsonLine(value: Readonly<Record<string, unknown>>): string {
  const json = JSON.stringify(value, (_name, field: unknown) =>
    field === undefined ? null : field,
  )
  return `${json.replace(UNSAFE, escapeCodeUnits)}\n`
}

/** Columns a terminal needs for text without control characters. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

/** Cuts text to at most `width` columns; an ellipsis tells that something is missing. */
export function fitText(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const character of text) {
    used += widthOf(character)
    if (used > width) break
    kept += character
  }
  return width < 1 ? '' : `${kept}…`
}

/** Scripts and symbols that take two columns, roughly: what names of files are made of. */
const WIDE_SCRIPT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
const WIDE_SYMBOL = /[\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u

function widthOf(character: string): number {
  if (/\p{M}/u.test(character)) return 0
  return WIDE_SCRIPT.test(character) || WIDE_SYMBOL.test(character) ? 2 : 1
}
