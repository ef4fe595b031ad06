/**
 * Text of others, made safe to show: keys, paths and messages of a store may hold anything, also
 * sequences that move a cursor, change colours or turn the reading direction.
 */

/** Control, format (bidi, zero width), line separators, halves of characters, private use. */
export const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu

const SHORT: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
}

/** Text as one line that shows as it is: `a\u001b[2Jb` for a key with an escape. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (unsafe) => SHORT[unsafe] ?? escapeCodeUnits(unsafe))
}

export function escapeCodeUnits(text: string): string {
  return Array.from(
    { length: text.length },
    (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}
