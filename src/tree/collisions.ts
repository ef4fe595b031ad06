/**
 * Names that would be one file where they are written, found before the second is written, while
 * names come by in their order.
 *
 * A file and a directory of one name collide everywhere; to see that, only the names have to be held
 * that the next one begins with. On a file system that folds names, case or normal form make others
 * collide too, and these may lie far apart. But two names that fold to one part at a first segment,
 * and both stand in one directory there: held are the folded names in the directories on the way
 * down. Two directories that fold to one count as a collision, for all that is in the second: their
 * files would lie in one, and could not be told apart when that is walked again.
 */

import { assert } from '../assert.ts'
import { compareKeys } from '../store/key-order.ts'

export interface FoldRules {
  /** Names that differ in case only are one: usual on macOS and Windows. */
  readonly foldsCase: boolean
  /** Names that differ in Unicode normal form only are one: usual on macOS. */
  readonly foldsNormalForm: boolean
}

export interface Collision {
  readonly kind: 'file-and-directory' | 'case' | 'normal-form'
  /** The name, or directory and '/', that came first. */
  readonly other: string
}

interface Folded {
  readonly segment: string
  readonly isDirectory: boolean
}

/** A directory on the way down: what is in it, by folded name. */
interface Folder {
  readonly segment: string
  readonly children: Map<string, Folded>
}

export class CollisionWatch {
  readonly #rules: FoldRules
  readonly #folds: boolean
  #last: string | undefined
  /** Names that each begin the next, and the last one. */
  #beginnings: string[] = []
  /** The root, and the directories of the last name. */
  readonly #folders: Folder[] = [{ segment: '', children: new Map() }]

  constructor(rules: FoldRules) {
    this.#rules = rules
    this.#folds = rules.foldsCase || rules.foldsNormalForm
  }

  /**
   * What the next name collides with, if anything; such a name is not to be written, and does not
   * count for those behind it. Names come in the order of `compareKeys`, none twice.
   */
  check(name: string): Collision | undefined {
    assert(this.#last === undefined || compareKeys(this.#last, name) < 0, 'names come in order')
    this.#last = name
    const beginnings = this.#beginnings
    while (!name.startsWith(beginnings.at(-1) ?? '')) beginnings.pop()
    const file = beginnings.find((beginning) => name.charAt(beginning.length) === '/')
    if (file !== undefined) return { kind: 'file-and-directory', other: file }
    const collision = this.#folds ? this.#checkFolded(name) : undefined
    if (collision === undefined) beginnings.push(name)
    return collision
  }

  #checkFolded(name: string): Collision | undefined {
    const segments = name.split('/')
    const last = segments.length - 1
    let beginning = ''
    for (const [depth, segment] of segments.entries()) {
      const isDirectory = depth < last
      const twin = this.#enter(depth, segment, isDirectory)
      if (twin !== undefined) {
        const other = `${beginning}${twin.segment}${twin.isDirectory ? '/' : ''}`
        return { kind: kindOf(segment, twin, isDirectory), other }
      }
      beginning += `${segment}/`
    }
    return undefined
  }

  /** Notes a segment in the directory at that depth; returns the other one that it folds to. */
  #enter(depth: number, segment: string, isDirectory: boolean): Folded | undefined {
    const folders = this.#folders
    if (isDirectory && folders[depth + 1]?.segment === segment) return undefined
    // Behind here the last name was elsewhere, and nothing comes back to where it was.
    folders.length = depth + 1
    const children = folders[depth]?.children
    assert(children !== undefined, 'directories are entered from the root down')
    const folded = foldName(segment, this.#rules)
    const twin = children.get(folded)
    if (twin === undefined) children.set(folded, { segment, isDirectory })
    // A file of that very name has been found among the beginnings.
    else if (twin.segment !== segment) return twin
    if (isDirectory) folders.push({ segment, children: new Map() })
    return undefined
  }
}

/**
 * The same for names in any order, all of which are held, and only where names are folded. A name that
 * comes twice does not collide with itself.
 */
export class NameSet {
  readonly #rules: FoldRules
  /** By the folded beginning of a name, up to a '/' or the end. */
  readonly #known = new Map<string, Folded>()

  constructor(rules: FoldRules) {
    this.#rules = rules
  }

  /** What a name collides with that came before, if anything. */
  check(name: string): Collision | undefined {
    if (!this.#rules.foldsCase && !this.#rules.foldsNormalForm) return undefined
    for (let end = name.indexOf('/'); ; end = name.indexOf('/', end + 1)) {
      const isDirectory = end !== -1
      const segment = isDirectory ? name.slice(0, end) : name
      const folded = foldName(segment, this.#rules)
      const twin = this.#known.get(folded)
      if (twin === undefined) this.#known.set(folded, { segment, isDirectory })
      else if (twin.segment !== segment || twin.isDirectory !== isDirectory) {
        const other = `${twin.segment}${twin.isDirectory ? '/' : ''}`
        return { kind: kindOf(segment, twin, isDirectory), other }
      }
      if (!isDirectory) return undefined
    }
  }
}

function kindOf(segment: string, twin: Folded, isDirectory: boolean): Collision['kind'] {
  if (twin.isDirectory !== isDirectory) return 'file-and-directory'
  return segment.normalize() === twin.segment.normalize() ? 'normal-form' : 'case'
}

/** Folds rather more than some file systems do, such as ß and ss: told in vain beats overwritten. */
function foldName(name: string, { foldsCase, foldsNormalForm }: FoldRules): string {
  const composed = foldsNormalForm ? name.normalize('NFD') : name
  const folded = foldsCase ? composed.toUpperCase().toLowerCase() : composed
  return foldsNormalForm ? folded.normalize('NFD') : folded
}
