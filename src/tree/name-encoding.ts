/**
 * Keys that cannot be file names, as file names, and back. Segment by segment, with `%` and two hex
 * digits for a character:
 *
 * - `%` itself, only where what follows would make it read as an escape: `a%41` → `a%2541`, `100%` stays
 * - `.` → `%2E`, `..` → `%2E%2E`, an empty segment → `%-` (and `%-` → `%25-`), NUL → `%00`
 * - for Windows also `<>:"|?*\`, control characters, a dot or blank at the end, and the first letter
 *   of the name of a device: `a:b` → `a%3Ab`, `a.` → `a%2E`, `con.txt` → `%63on.txt`
 *
 * No two keys get one name, and where file names ignore case only keys that differ in nothing else.
 * Reading back needs no platform: an escape stands for any character of ASCII but `/`.
 */

import { isWindowsDevice, WINDOWS_CHARACTERS } from './file-names.ts'

const EMPTY = '%-'
const ESCAPE = /%(?:2[0-9a-e]|[013-7][0-9a-f])/giu
const PERCENT_OF_ESCAPE = /%(?=2[0-9a-e]|[013-7][0-9a-f])/giu
const WINDOWS_CHARACTER_EACH = new RegExp(WINDOWS_CHARACTERS.source, 'gu')

/** A segment of a key → a file name. May be longer than a file system takes. */
export function encodeSegment(segment: string, platform: NodeJS.Platform): string {
  if (segment === '') return EMPTY
  if (segment === EMPTY) return '%25-'
  if (segment === '.' || segment === '..') return segment.replaceAll('.', '%2E')
  const encoded = segment.replaceAll(PERCENT_OF_ESCAPE, '%25').replaceAll('\0', '%00')
  return platform === 'win32' ? encodeForWindows(encoded) : encoded
}

function encodeForWindows(segment: string): string {
  const encoded = segment.replaceAll(WINDOWS_CHARACTER_EACH, escapeOf).replace(/[. ]$/u, escapeOf)
  return isWindowsDevice(encoded) ? `${escapeOf(encoded.charAt(0))}${encoded.slice(1)}` : encoded
}

/** A file name → the segment of the key it was made from; a name without escapes is its own. */
export function decodeSegment(name: string): string {
  if (!name.includes('%')) return name
  if (name === EMPTY) return ''
  return name.replaceAll(ESCAPE, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)))
}

function escapeOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
