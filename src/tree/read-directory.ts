/**
 * One directory, read whole and sorted as S3 would list what is below it: a directory stands where
 * keys that begin with its name and '/' would.
 */

import type { BigIntStats, Dirent, Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { errnoOf } from '../local-errors.ts'
import type { SkipReason } from './entries.ts'
import { decodeSegment } from './name-encoding.ts'
import { compareKeys } from '../store/key-order.ts'

/** Links looked at together: as many as keep the threads of libuv busy. */
const LINKS_AT_ONCE = 32

/** How a directory is read. */
export interface ReadRules {
  readonly followLinks: boolean
  readonly decodeNames: boolean
}

/** What a name in a directory stands for. */
interface Named {
  /** As part of a key. */
  readonly name: string
  /** As the file system has it. */
  readonly file: string
}

interface SkippedChild extends Named {
  readonly kind: 'skipped'
  readonly reason: SkipReason
  readonly detail?: string | undefined
}

/** Files and followed links were such when the directory was read; that they still are must be seen. */
export type Child = (Named & { readonly kind: 'file' | 'link' | 'directory' }) | SkippedChild

/** What is there when it is neither a file nor a directory nor a link. */
export function specialKind(stats: Stats | BigIntStats | Dirent): string {
  if (stats.isSocket()) return 'socket'
  if (stats.isFIFO()) return 'pipe'
  return 'device'
}

/** A path below a directory. Not `path.join`, which would take `..` out of a path with links. */
export function childPath(directory: string, file: string): string {
  return directory.endsWith(sep) || directory.endsWith('/')
    ? `${directory}${file}`
    : `${directory}${sep}${file}`
}

/**
 * The names in a directory in the order of their keys. Holds all of them.
 * @throws (rejects) the system's error when it cannot be read
 */
export async function readChildren(directory: string, rules: ReadRules): Promise<Child[]> {
  const children = (await readNames(directory)).map((entry) => childOf(entry, rules))
  if (rules.followLinks) await followLinks(directory, children)
  children.sort((a, b) => compareKeys(sortName(a), sortName(b)))
  if (rules.decodeNames) skipTwins(children)
  return children
}

interface NamedDirent {
  readonly name: string
  readonly isUtf8: boolean
  readonly dirent: Dirent | Dirent<Buffer>
}

async function readNames(directory: string): Promise<NamedDirent[]> {
  const dirents = await readdir(directory, { withFileTypes: true })
  if (!dirents.some(({ name }) => name.includes('\ufffd'))) {
    return dirents.map((dirent) => ({ name: dirent.name, isUtf8: true, dirent }))
  }
  // Either a name has that character, or it stands for bytes that are no text: the bytes tell.
  const raw = await readdir(directory, { withFileTypes: true, encoding: 'buffer' })
  return raw.map((dirent) => {
    const name = dirent.name.toString()
    return { name, isUtf8: Buffer.from(name).equals(dirent.name), dirent }
  })
}

function childOf({ name: file, isUtf8, dirent }: NamedDirent, rules: ReadRules): Child {
  const named = { name: rules.decodeNames ? decodeSegment(file) : file, file }
  if (!isUtf8) return skipped(named, 'name-not-utf8')
  if (dirent.isDirectory()) return { ...named, kind: 'directory' }
  if (dirent.isFile()) return { ...named, kind: 'file' }
  if (!dirent.isSymbolicLink()) {
    return skipped(named, 'special-file', specialKind(dirent as Dirent))
  }
  return rules.followLinks ? { ...named, kind: 'link' } : skipped(named, 'symbolic-link')
}

/** Where a link to a directory stands in the order is known only once it has been followed. */
async function followLinks(directory: string, children: Child[]): Promise<void> {
  const links = [...children.entries()].filter(([, { kind }]) => kind === 'link')
  for (let at = 0; at < links.length; at += LINKS_AT_ONCE) {
    await Promise.all(
      links.slice(at, at + LINKS_AT_ONCE).map(async ([index, child]) => {
        children[index] = await followed(directory, child)
      }),
    )
  }
}

async function followed(directory: string, link: Child): Promise<Child> {
  try {
    const stats = await stat(childPath(directory, link.file))
    if (stats.isFile()) return link
    if (stats.isDirectory()) return { name: link.name, file: link.file, kind: 'directory' }
    return skipped(link, 'special-file', specialKind(stats))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return skipped(link, 'broken-link')
    if (errno === 'ELOOP') return skipped(link, 'link-loop')
    return skipped(link, 'unreadable', errno ?? String(error))
  }
}

/** Of names that decode to one key only the first stays; `localName` makes no two such. */
function skipTwins(children: Child[]): void {
  for (let i = 1; i < children.length; i += 1) {
    const [first, second] = [children[i - 1], children[i]]
    if (first === undefined || second === undefined || sortName(first) !== sortName(second))
      continue
    children[i] = skipped(second, 'name-collision', `${first.file} and ${second.file} are one key.`)
  }
}

function skipped({ name, file }: Named, reason: SkipReason, detail?: string): SkippedChild {
  return { name, file, kind: 'skipped', reason, detail }
}

function sortName(child: Child): string {
  return child.kind === 'directory' ? `${child.name}/` : child.name
}
