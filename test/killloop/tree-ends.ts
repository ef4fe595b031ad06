/** Both ends of a tree that is moved: what is safe there before a run, and whether all is right at the end. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { DiskView } from './disk-view.ts'
import { filesBelow, fingerprintOf, fingerprints } from './hostile-tree.ts'
import {
  journalText,
  journalsIn,
  locksIn,
  rangesNoted,
  treesIn,
  uploadsNoted,
} from './journal-view.ts'
import { PART_SIZE, THRESHOLD } from './plan.ts'
import type { TreeWatch, Unit } from './tree-watch.ts'

/** What all keys begin with. */
export const PREFIX = 'tree/'

export interface TreeEnds {
  readonly view: DiskView
  readonly watch: TreeWatch
  readonly copy: string
  readonly stateDir: string
  /** What the source holds: `fingerprints` of it. */
  readonly expected: ReadonlyMap<string, string>
}

/** Bytes of the object at a key. */
export function sizeIn(expected: TreeEnds['expected'], key: string): number {
  return Number.parseInt(expected.get(key.slice(PREFIX.length)) ?? '0', 10)
}

/** Objects and parts that the store has. */
export function safeInStore({ view, watch }: TreeEnds): (unit: Unit) => boolean {
  const objects = view.objects()
  const parts = watch.partsTaken()
  return ({ name, key }) => objects.has(key) || parts.has(name)
}

/**
 * Files that have their names, and ranges that are noted.
 * @throws AssertionError for a file that has its name without the time of its object
 */
export function safeInCopy({ view, copy, expected, stateDir }: TreeEnds): (unit: Unit) => boolean {
  const safe = new Set<string>()
  const noted = new Map<string, ReadonlySet<number>>()
  for (const [key, { lastModified }] of view.objects()) {
    const path = join(copy, key.slice(PREFIX.length))
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats !== undefined) {
      assert.equal(Math.round(stats.mtimeMs), lastModified, `${key} has the time of its object`)
      safe.add(key)
    }
    if (sizeIn(expected, key) < THRESHOLD) continue
    noted.set(key, rangesNoted(journalText(stateDir, key), PART_SIZE))
  }
  return ({ name, key }) => {
    const start = /bytes=(\d+)-\d*$/.exec(name)?.[1]
    const range = start === undefined ? 0 : Number(start) / PART_SIZE + 1
    return safe.has(key) || noted.get(key)?.has(range) === true
  }
}

/** @throws AssertionError unless the store has the tree, and nothing else with bytes */
export function checkStore({ view, expected }: TreeEnds, kills: number): void {
  const found = [...view.objects()].map(([key, object]) => {
    const hash = createHash('sha256')
    let size = 0
    for (const piece of object.bytes()) {
      hash.update(piece)
      size += piece.length
    }
    return [key.slice(PREFIX.length), fingerprintOf(size, hash)] as const
  })
  checkSame(new Map(found), expected)
  const uploads = view.uploads()
  // One whose id never came back to the command is empty, and nobody can know it.
  assert.ok(uploads.length <= kills, `${uploads.length} uploads are left after ${kills} kills`)
  for (const { parts } of uploads) assert.equal(parts, 0, 'no upload with parts is left')
}

/** @throws AssertionError unless the copy is the tree, without a temporary file of a killed command */
export function checkCopy({ copy, expected }: TreeEnds): void {
  const temporary = filesBelow(copy).filter((name) => /^\..*\.part$/s.test(basename(name)))
  assert.deepEqual(temporary, [], 'no temporary file is left')
  checkSame(fingerprints(copy), expected)
}

/** @throws AssertionError when a journal, a lock or a note is left */
export function checkState({ stateDir, view }: TreeEnds): void {
  assert.deepEqual(journalsIn(stateDir), [], 'no journal is left')
  assert.deepEqual(locksIn(stateDir), [], 'no lock is left')
  assert.deepEqual(treesIn(stateDir), [], 'no tree is noted')
  const open = new Set(view.uploads().map(({ uploadId }) => uploadId))
  const noted = uploadsNoted(stateDir).filter((id) => !open.has(id))
  assert.deepEqual(noted, [], 'no upload is noted that is not open')
}

function checkSame(found: ReadonlyMap<string, string>, expected: TreeEnds['expected']): void {
  const missing = [...expected.keys()].filter((name) => !found.has(name))
  const besides = [...found.keys()].filter((name) => !expected.has(name))
  const wrong = [...expected].filter(([name, what]) => found.has(name) && found.get(name) !== what)
  assert.deepEqual({ missing, besides, wrong }, { missing: [], besides: [], wrong: [] })
}
