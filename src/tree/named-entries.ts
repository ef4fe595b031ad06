/**
 * Files and objects by their names, instead of all there are: a file is looked at before it is said to
 * be there, an object by being asked for.
 */

import type { Stats } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { platform } from 'node:process'
import { toTransferError } from '../errors.ts'
import { notAFile, sourceError } from '../local-errors.ts'
import { ahead } from './ahead.ts'
import type { FileEntry, NamedObject } from './entries.ts'
import { localName, pathBelow } from './key-path.ts'
import type { WantedName } from './name-list.ts'
import type { FailedOutcome, SkippedOutcome } from './outcome.ts'
import type { LocalSide, StoreSide } from './sides.ts'
import type { TreeJob } from './tree-job.ts'

/** Files looked at at once. Source: as many as keep the threads of libuv busy. */
const FILES_AHEAD = 32

/** Where both sides are, and what is told on the way. */
export interface NamedSides {
  readonly local: LocalSide
  readonly remote: StoreSide
  readonly job: TreeJob
  readonly followSymlinks: boolean
  readonly encodeNames: boolean
}

/** Files of those names below the root, in the order of the names; for the others an outcome. */
export async function* namedFiles(
  names: AsyncIterable<WantedName>,
  sides: NamedSides,
): AsyncGenerator<FileEntry> {
  const { job } = sides
  for await (const found of ahead(names, FILES_AHEAD, ({ name }) => lookAt(name, sides))) {
    job.saw()
    if ('status' in found) await job.ended(found)
    else yield found
  }
}

/** Objects of those names behind the prefix. */
export async function* namedObjects(
  names: AsyncIterable<WantedName>,
  { prefix }: StoreSide,
  job: TreeJob,
): AsyncGenerator<NamedObject> {
  for await (const { name, size = 0 } of names) {
    job.saw()
    yield { name, size, key: prefix + name }
  }
}

/** Never rejects, so that what was looked at ahead can be left alone. */
async function lookAt(
  name: string,
  { local, remote, followSymlinks, encodeNames }: NamedSides,
): Promise<FileEntry | FailedOutcome | SkippedOutcome> {
  const file = localName(name, { platform, encodeNames })
  if (file.problem !== undefined) {
    return { status: 'skipped', name, reason: 'name-unsafe', detail: file.detail }
  }
  const path = pathBelow(local.root, file.name, platform)
  try {
    const link = followSymlinks ? undefined : await firstLink(local.root, file.name)
    if (link !== undefined) {
      const detail = link === file.name ? undefined : `${link} is one`
      return { status: 'skipped', name, reason: 'symbolic-link', detail }
    }
    const stats = await stat(path)
    if (!stats.isFile()) throw notAFile(path, stats)
    return entryOf(name, path, stats)
  } catch (error) {
    const known = { operation: 'upload', name, key: remote.prefix + name, path, size: 0 } as const
    const failure = toTransferError(sourceError(error, path))
    return { ...known, reason: 'copy', status: 'failed', error: failure }
  }
}

/** The first part of a name below the root that is a link, by which it could lead out of it. */
async function firstLink(root: string, name: string): Promise<string | undefined> {
  for (let end = name.indexOf('/'); ; end = name.indexOf('/', end + 1)) {
    const part = end === -1 ? name : name.slice(0, end)
    const stats = await lstat(pathBelow(root, part, platform))
    if (stats.isSymbolicLink()) return part
    if (end === -1) return undefined
  }
}

function entryOf(name: string, path: string, { size, mtimeMs, mode }: Stats): FileEntry {
  return { name, size, mtimeMs, path, mode: mode & 0o7777 }
}
