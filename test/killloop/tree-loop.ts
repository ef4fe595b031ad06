/**
 * A tree that `sync` brings up, and down into another directory, by commands that are killed again and
 * again: what was done is skipped, large files go on by part, both copies have every byte, and nothing
 * is left of all of it.
 */

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { Dice } from '../soak/dice.ts'
import { runCommand, type CommandRun } from './command.ts'
import { DiskView } from './disk-view.ts'
import { fingerprints, makeHostileTree, type TreeSize } from './hostile-tree.ts'
import { IN_FLIGHT, PART_SIZE, THRESHOLD } from './plan.ts'
import { BUCKET } from './store-view.ts'
import {
  checkCopy,
  checkState,
  checkStore,
  PREFIX,
  safeInCopy,
  safeInStore,
  sizeIn,
  type TreeEnds,
} from './tree-ends.ts'
import { checkRun, TreeWatch } from './tree-watch.ts'

/** Longest time of a run. Milliseconds. */
const RUN_MS = 30 * 60_000

/** How much later than it is done Complete is answered. Milliseconds. */
const COMPLETE_MS = 150

export interface TreeLoopOptions extends TreeSize {
  readonly seed: number
  /** Kills of each direction, if they find a command at work. */
  readonly kills: number
  /** Bytes per second, so that a command is not through before its kill. */
  readonly bandwidth: number
}

/** Of one direction. */
export interface TreeLoopCounts {
  readonly objects: number
  readonly kills: number
  /** Objects, parts and ranges that were moved, and those of them that had been before. */
  readonly sends: number
  readonly again: number
}

export interface TreeLoopReport {
  readonly up: TreeLoopCounts
  readonly down: TreeLoopCounts
}

type Direction = keyof TreeLoopReport

/** Where it takes place. */
interface Ground extends TreeEnds {
  readonly options: TreeLoopOptions
  readonly store: LocalStore
  readonly source: string
}

/** @throws AssertionError for what must not happen */
export async function runTreeLoop(options: TreeLoopOptions): Promise<TreeLoopReport> {
  const root = await mkdtemp(join(tmpdir(), 'transfer-engine-kill-'))
  const dir = join(root, 'store')
  const store = await startLocalStore({ dir, buckets: [BUCKET], md5: false })
  try {
    const [source, copy] = [join(root, 'the source'), join(root, 'the copy')]
    await mkdir(source)
    await makeHostileTree(source, options)
    const expected = fingerprints(source)
    const isHuge = (key: string): boolean => sizeIn(expected, key) >= THRESHOLD
    const watch = new TreeWatch(store, isHuge)
    const stateDir = join(root, 'state')
    const view = new DiskView(dir)
    const ground: Ground = { options, store, watch, view, source, copy, stateDir, expected }
    // Between an object that is complete and a command that knows it.
    store.faults.add({
      match: { operation: 'CompleteMultipartUpload' },
      fault: { kind: 'delay', ms: COMPLETE_MS, at: 'after-operation' },
    })
    const up = await moveAll(ground, 'up')
    checkStore(ground, up.kills)
    const down = await moveAll(ground, 'down')
    checkCopy(ground)
    return { up, down }
  } finally {
    await store.close()
    await rm(root, { recursive: true })
  }
}

/** Runs the command until it ends well, and once more. */
async function moveAll(ground: Ground, direction: Direction): Promise<TreeLoopCounts> {
  const { options, watch, expected } = ground
  const dice = new Dice(options.seed, direction === 'up' ? 1 : 2)
  const begun = watch.position
  let kills = 0
  let mayBeAgain = 0
  for (let run = 0; ; run += 1) {
    assert.ok(run <= options.kills, 'a command that nobody kills ends well')
    const before = watch.position
    const isSafe = direction === 'up' ? safeInStore(ground) : safeInCopy(ground)
    const left = 1 + expected.size - watch.countSince(begun)
    const moment = run < options.kills ? momentOf(dice, watch, direction, left) : undefined
    const { code, killedAt, said } = await runSync(ground, direction, moment)
    checkRun(watch.since(before), isSafe)
    if (killedAt === undefined) {
      assert.equal(code, 0, `the command ends well: ${said}`)
      break
    }
    kills += 1
    mayBeAgain += watch.lostBy(killedAt, before)
  }
  const units = watch.since(begun).map(({ name }) => name)
  const again = units.length - new Set(units).size
  assert.ok(again <= mayBeAgain, `${again} were moved again, ${mayBeAgain} at most may be`)
  const end = watch.position
  const { result } = await runSync(ground, direction, undefined)
  assert.equal(watch.countSince(end), 0, 'nothing is moved that is in place')
  assert.equal(result?.['unchanged'], expected.size, 'all is found unchanged')
  checkState(ground)
  return { objects: expected.size, kills, sends: units.length, again }
}

/** After some time, once something is complete, or once so many were begun of what is left. */
function momentOf(dice: Dice, watch: TreeWatch, direction: Direction, left: number): () => boolean {
  const start = watch.position
  const kind = dice.int(1, 5)
  if (kind === 1) {
    const end = Date.now() + dice.int(100, 1500)
    return () => Date.now() >= end
  }
  if (kind === 2 && direction === 'up') return () => watch.hasCompletedSince(start)
  const count = dice.int(1, Math.max(2, Math.ceil(left / 2)))
  return () => watch.countSince(start) >= count
}

function runSync(
  { options, store, source, copy, stateDir }: Ground,
  direction: Direction,
  isMoment: (() => boolean) | undefined,
): Promise<CommandRun> {
  const place = `s3://${BUCKET}/${PREFIX}`
  const ends = direction === 'up' ? [source, place] : [place, copy]
  const parts = ['--part-size', String(PART_SIZE), '--multipart-threshold', String(THRESHOLD)]
  const state = ['--json', '--state-dir', stateDir, '--resume', 'always']
  // Under a limit no request is raced by a second one, which would be counted as moved again.
  const limits = [
    '--max-in-flight',
    String(IN_FLIGHT),
    '--max-bandwidth',
    String(options.bandwidth),
  ]
  const { endpoint, region, credentials } = store
  return runCommand({
    argv: ['sync', ...ends, ...state, ...limits, '--workers', '1', ...parts],
    store: { endpoint, region, credentials },
    isMoment,
    onResult: () => undefined,
    timeoutMs: RUN_MS,
  })
}
