/**
 * Which names a file may have, by platform. What a file system takes and then keeps under another
 * name, or takes for a device, counts as a name it may not have.
 */

/** Longest file name. Bytes of UTF-8. Source: NAME_MAX of Linux and macOS; Windows has 255 UTF-16 units. */
const NAME_BYTES_MAX = 255

/** What keeps a segment of a name, the text between two '/', from being the name of a file. */
export type SegmentProblem =
  | 'empty-segment'
  | 'dot-segment'
  | 'nul'
  | 'reserved-character'
  | 'reserved-name'
  | 'trailing-dot-or-space'
  | 'too-long'

/**
 * Characters no file name has on Windows. Source: "Naming Files, Paths, and Namespaces" of the
 * Windows documentation. `:` would name a stream of a file or a drive, `\` separates names. What is
 * not from the blank upwards is a control character.
 */
export const WINDOWS_CHARACTERS = /[^ -\u{10ffff}]|[<>:"|?*\\]/u

/**
 * Names of devices on Windows, in any case, with any extension, and with blanks before it. Source:
 * the same; CONIN$ and CONOUT$ from its pages on consoles.
 */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/iu

/** Whether a file of that name would be a device on Windows. */
export function isWindowsDevice(segment: string): boolean {
  return WINDOWS_DEVICE.test(segment)
}

/** Why a segment cannot be the name of a file on a platform; `undefined` when it can. */
export function segmentProblem(
  segment: string,
  platform: NodeJS.Platform,
): SegmentProblem | undefined {
  if (segment === '') return 'empty-segment'
  if (segment === '.' || segment === '..') return 'dot-segment'
  if (segment.includes('\0')) return 'nul'
  if (platform === 'win32') {
    if (WINDOWS_CHARACTERS.test(segment)) return 'reserved-character'
    if (/[. ]$/u.test(segment)) return 'trailing-dot-or-space'
    if (isWindowsDevice(segment)) return 'reserved-name'
  }
  return isTooLong(segment) ? 'too-long' : undefined
}

function isTooLong(segment: string): boolean {
  // A UTF-16 unit has at most three bytes in UTF-8, so most need no counting.
  return segment.length * 3 > NAME_BYTES_MAX && Buffer.byteLength(segment) > NAME_BYTES_MAX
}
