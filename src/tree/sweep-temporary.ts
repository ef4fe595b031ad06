/**
 * Removes the temporary files that a tree left whose process was killed, before another tree reads or
 * writes the same directory: it would take them for files of the user.
 */

import { readdir, realpath, unlink } from 'node:fs/promises'
import { sep } from 'node:path'
import { deadTreeNotes, forgetTreeNote, type TreeNote } from '../journal/tree-notes.ts'
import { errnoOf } from '../local-errors.ts'
import { isTemporaryOf } from '../local-target.ts'
import { throwIfAborted } from '../store/abortable.ts'
import type { ResumeSettings } from '../transfer/resume-settings.ts'
import { childPath } from './read-directory.ts'

export interface SweepOptions {
  /** Of the tree that is about to begin. Absolute path. */
  readonly root: string
  readonly signal: AbortSignal
}

/**
 * Sweeps where a noted tree and this one share files. What is not seen or removed just now is left for
 * the next tree, with its note; what keeps the notes from being read is told once.
 *
 * @throws ERR_ABORTED
 */
export async function sweepTemporary(
  resume: Pick<ResumeSettings, 'stateDirectory' | 'warn'>,
  options: SweepOptions,
): Promise<void> {
  const { stateDirectory } = resume
  if (stateDirectory === undefined) return
  let notes: readonly TreeNote[]
  try {
    notes = await deadTreeNotes(stateDirectory)
  } catch (error) {
    resume.warn(error)
    return
  }
  const here = notes.length === 0 ? '' : await realPath(options.root)
  for (const note of notes) {
    const there = await realPath(note.root)
    if (!isWithin(here, there) && !isWithin(there, here)) continue
    if (await removeTemporary(note, options.signal)) await forgetTreeNote(stateDirectory, note)
  }
}

/** Whether nothing is left, as far as can be seen. Follows no link below the root. */
async function removeTemporary({ root, token }: TreeNote, signal: AbortSignal): Promise<boolean> {
  const directories = [root]
  let isClean = true
  for (let path = directories.pop(); path !== undefined; path = directories.pop()) {
    throwIfAborted(signal)
    const entries = await unlessGone(readdir(path, { withFileTypes: true }), [])
    if (entries === undefined) isClean = false
    for (const entry of entries ?? []) {
      const child = childPath(path, entry.name)
      if (entry.isDirectory()) directories.push(child)
      else if (entry.isFile() && isTemporaryOf(entry.name, token)) {
        const isRemoved = await unlessGone(
          unlink(child).then(() => true),
          true,
        )
        isClean &&= isRemoved === true
      }
    }
  }
  return isClean
}

/** @param gone the result where somebody else has removed it. Returns `undefined` for other failures. */
async function unlessGone<T>(work: Promise<T>, gone: T): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const errno = errnoOf(error)
    return errno === 'ENOENT' || errno === 'ENOTDIR' ? gone : undefined
  }
}

/** A directory may be reached by links; one that is not there is where it would be. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)
}
