/**
 * From a key to a path below a directory and never beside it, whatever the key. A key that is no
 * safe path is refused with a reason, or encoded if that is asked for; it is never repaired, since
 * two keys could become one file. Links on the way to the path are not seen here.
 */

import { segmentProblem, type SegmentProblem } from './file-names.ts'
import { encodeSegment } from './name-encoding.ts'

export type NameProblem = SegmentProblem | 'empty' | 'absolute'

/** A safe relative name with '/' between its segments, or why there is none. */
export type LocalName =
  | { readonly name: string; readonly problem?: undefined }
  | { readonly problem: NameProblem; readonly detail: string }

export interface NameRules {
  /** Whose rules apply. */
  readonly platform: NodeJS.Platform
  /** Whether what cannot be a file name is encoded rather than refused. */
  readonly encodeNames: boolean
}

const SENTENCES: Readonly<Record<NameProblem, string>> = {
  empty: 'It has no name below the directory.',
  absolute: 'It is an absolute path.',
  'empty-segment': 'It has an empty name between two slashes or at its end.',
  'dot-segment': 'It has . or .. for a name, which would lead elsewhere.',
  nul: 'It has a NUL character.',
  'reserved-character': 'It has a character that no file name has on Windows.',
  'reserved-name': 'It has the name of a device on Windows.',
  'trailing-dot-or-space': 'It has a name that ends in a dot or blank, which Windows would drop.',
  'too-long': 'It has a name of more than 255 bytes.',
}

/**
 * The name of the file for a key.
 * @param name the key behind the prefix, as in `TreeEntry`
 */
export function localName(name: string, rules: NameRules): LocalName {
  const { platform, encodeNames } = rules
  if (name === '') return refused('empty')
  if (!encodeNames && isAbsolute(name, platform)) return refused('absolute')
  const segments = name.split('/')
  const names = encodeNames ? segments.map((segment) => encodeSegment(segment, platform)) : segments
  for (const segment of names) {
    const problem = segmentProblem(segment, platform)
    if (problem !== undefined) return refused(problem)
  }
  return { name: names.join('/') }
}

/** The path of a `LocalName` below a directory. */
export function pathBelow(root: string, name: string, platform: NodeJS.Platform): string {
  const separator = platform === 'win32' ? '\\' : '/'
  const below = platform === 'win32' ? name.replaceAll('/', separator) : name
  const endsAlready = root.endsWith('/') || root.endsWith(separator)
  return endsAlready ? `${root}${below}` : `${root}${separator}${below}`
}

/** Whether an object only stands for a folder, as consoles make them. */
export function isFolderMarker(entry: { readonly name: string; readonly size: number }): boolean {
  return entry.size === 0 && entry.name.endsWith('/')
}

function isAbsolute(name: string, platform: NodeJS.Platform): boolean {
  if (name.startsWith('/')) return true
  return platform === 'win32' && /^(?:\\|[a-z]:)/iu.test(name)
}

function refused(problem: NameProblem): LocalName {
  return { problem, detail: SENTENCES[problem] }
}
