/**
 * One large file, up or down, against a store on disk in a process of its own. The command is killed
 * when half of it is there, by the count of the store or of the journal, and run again: at most what
 * was in flight is moved again, and the bytes are the same.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatSize, MiB, TransferEngine } from 'transfer-engine'
import { sha256OfFile, writeRandomFile } from '../../src/cli/demo/random-file.ts'
import { ChildStore } from './child-store.ts'
import { checkSends, nameOf } from './ledger.ts'
import type { FilePlan } from './plan.ts'
import { placesIn } from './round.ts'
import { BUCKET } from './store-view.ts'
import { moveUntilDone, type Moved, type Scene, type Subject } from './transfer.ts'
import { checkTree } from './tree.ts'

const PART_SIZE = 8 * MiB
const IN_FLIGHT = 8

/**
 * Shortest time the file takes, so that a small one is not through before its kill. Under a limit no
 * request is raced either, which would be sent twice. Seconds.
 */
const MOVE_S = 2

/** Longest time of a run. Milliseconds. */
const RUN_MS = 30 * 60_000

/** Disk for both ends, and for what else is written. */
const SPACE_BESIDES = 256 * MiB

export interface LargeReport {
  readonly parts: number
  readonly sentBeforeKill: number
  readonly sentAgain: number
  readonly keptBytes: number
}

/** @throws AssertionError for what must not happen */
export async function runLarge(
  direction: FilePlan['direction'],
  size: number,
): Promise<LargeReport> {
  await checkSpace(size)
  const root = await mkdtemp(join(tmpdir(), 'transfer-engine-kill-'))
  const store = await ChildStore.start(join(root, 'store'), PART_SIZE)
  try {
    const bandwidth = String(Math.ceil(size / MOVE_S))
    const flags = ['--max-in-flight', String(IN_FLIGHT), '--max-bandwidth', bandwidth]
    const terms = { flags, partSize: PART_SIZE, mayFail: false, timeoutMs: RUN_MS }
    const scene: Scene = { view: store, ...placesIn(root), ...terms }
    const subject = await makeSubject(store, scene.dir, direction, size)
    const moved = await moveUntilDone(scene, subject)
    checkTree(scene, [moved], 0)
    return report(moved)
  } finally {
    await store.kill()
    await rm(root, { recursive: true })
  }
}

async function checkSpace(size: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir())
  const [free, needed] = [bavail * bsize, 2 * size + SPACE_BESIDES]
  if (free >= needed) return
  const facts = `${formatSize(needed)} are needed, ${formatSize(free)} are free`
  throw new Error(`${tmpdir()} is too full for this: ${facts}. Choose a smaller --size.`)
}

/** Killed at half, by parts in the store or lines of the journal. */
async function makeSubject(
  store: ChildStore,
  dir: string,
  direction: FilePlan['direction'],
  size: number,
): Promise<Subject> {
  await mkdir(dir)
  const name = 'large'
  const path = join(dir, name)
  const { signal } = new AbortController()
  await writeRandomFile(path, size, signal)
  const sha256 = await sha256OfFile(path, signal)
  const what = { name, direction, size, path }
  const half = Math.ceil(size / PART_SIZE / 2)
  if (direction === 'upload') {
    return {
      ...what,
      kills: [{ stored: half }],
      isRight: () => sha256 === sha256Of(store.object(name) ?? []),
      isOld: () => store.object(name) === undefined,
    }
  }
  const options = { ...store.address, recordUploads: false, resume: 'off' } as const
  await using engine = new TransferEngine({ ...options, partSize: PART_SIZE })
  await engine.upload(path, `s3://${BUCKET}/${name}`)
  await rm(path)
  await writeFile(path, '')
  return {
    ...what,
    // Three lines stand before the first range.
    kills: [{ lines: half + 3 }],
    isRight: () => sha256 === sha256Of(blocksOf(path)),
    isOld: () => statSync(path).size === 0,
  }
}

/** Never the whole in memory, and done when it returns. */
function sha256Of(blocks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256')
  for (const block of blocks) hash.update(block)
  return hash.digest('hex')
}

function* blocksOf(path: string): Generator<Uint8Array> {
  const block = Buffer.allocUnsafe(MiB)
  const file = openSync(path, 'r')
  try {
    for (;;) {
      const length = readSync(file, block)
      if (length === 0) return
      yield block.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}

function report({ subject, runs, last, kills }: Moved): LargeReport {
  const { direction, size } = subject
  const terms = { direction, isInParts: true, inFlight: IN_FLIGHT, storeKills: 0 }
  const { again: sentAgain } = checkSends(runs, terms)
  const parts = Math.ceil(size / PART_SIZE)
  const sent = new Set(runs[0]?.sends.map(nameOf))
  const keptBytes = Number(last?.result?.['keptBytes'])
  assert.equal(kills, 1, 'the command was killed once')
  assert.equal(last?.result?.['resumed'], true, 'the second run went on')
  assert.ok(keptBytes >= size / 2, `half was kept: ${keptBytes} bytes`)
  assert.ok(keptBytes < size, 'it was killed before the end')
  return { parts, sentBeforeKill: sent.size, sentAgain, keptBytes }
}
