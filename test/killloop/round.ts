/**
 * One round of the kill loop: a file, a store, and the command that is killed and run again until it
 * is done. It ends well only if the bytes are right, what had arrived was not moved again, and nothing
 * is left: no upload with parts, temporary file, lock or journal.
 */

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TransferEngine } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { testBytes } from '../helpers/test-bytes.ts'
import { runCommand, type CommandRun } from './command.ts'
import { IN_FLIGHT, PART_SIZE, type KillPlan } from './plan.ts'

const BUCKET = 'kill'
const KEY = 'object'

/**
 * Ranges that had arrived and were not yet noted when the command was killed, at most: a quarter of a
 * second of the largest bandwidth.
 */
const UNNOTED = 4

export interface KillReport {
  /** Kills that found the command at work. */
  readonly kills: number
  /** Whether the last run went on with what an earlier one had left. */
  readonly resumed: boolean
  readonly moved: number
  readonly elapsedMs: number
}

interface Scene {
  readonly plan: KillPlan
  readonly store: LocalStore
  readonly bytes: Buffer
  readonly dir: string
  readonly stateDir: string
  readonly file: string
}

/** @throws AssertionError for what must not happen */
export async function runKills(plan: KillPlan, seed: number): Promise<KillReport> {
  const startedAt = performance.now()
  const root = await mkdtemp(join(tmpdir(), 'transfer-engine-kill-'))
  const store = await startLocalStore({ buckets: [BUCKET], md5: false })
  try {
    const dir = join(root, 'files')
    await mkdir(dir)
    const file = join(dir, 'file')
    const bytes = testBytes(plan.size, seed)
    const scene: Scene = { plan, store, bytes, dir, stateDir: join(root, 'state'), file }
    await prepare(scene)
    const { kills, last } = await untilDone(scene)
    const moved = await check(scene, kills, last === undefined)
    const resumed = last?.result?.['resumed'] === true
    return { kills, resumed, moved, elapsedMs: performance.now() - startedAt }
  } finally {
    await store.close()
    await rm(root, { recursive: true })
  }
}

async function prepare({ plan, store, bytes, file }: Scene): Promise<void> {
  if (plan.direction === 'upload') {
    await writeFile(file, bytes)
  } else {
    const { endpoint, region, credentials } = store
    const options = { endpoint, region, credentials, workers: 1, recordUploads: false }
    await using engine = new TransferEngine({ ...options, resume: 'off', partSize: PART_SIZE })
    await engine.upload(bytes, `s3://${BUCKET}/${KEY}`)
    await writeFile(file, 'old')
  }
  store.requests.clear()
  if (plan.completeDelayMs === 0) return
  const at = plan.completesFirst ? 'after-operation' : 'before-operation'
  store.faults.add({
    match: { operation: 'CompleteMultipartUpload' },
    fault: { kind: 'delay', ms: plan.completeDelayMs, at },
  })
}

/** Runs the command until it is done: killed as planned, then left alone. */
async function untilDone(
  scene: Scene,
): Promise<{ readonly kills: number; readonly last: CommandRun | undefined }> {
  const { plan, store, stateDir, file } = scene
  const place = `s3://${BUCKET}/${KEY}`
  const [from, to] = plan.direction === 'upload' ? [file, place] : [place, file]
  const flags = [
    '--state-dir',
    stateDir,
    '--resume',
    'always',
    '--part-size',
    String(PART_SIZE),
    '--workers',
    '1',
  ]
  const limits = ['--max-in-flight', String(IN_FLIGHT), '--max-bandwidth', String(plan.bandwidth)]
  const threshold = ['--multipart-threshold', String(2 * PART_SIZE)]
  const argv = ['cp', from, to, '--json', ...flags, ...limits, ...threshold]
  let kills = 0
  for (const moment of [...plan.kills, undefined]) {
    const run = await runCommand(argv, store, stateDir, moment)
    if (run.code !== null) {
      assert.equal(run.code, 0, `the command ends well: ${run.said}`)
      assert.equal(run.result?.['verified'], 'checksum', 'success is reported once it is proved')
      return { kills, last: run }
    }
    kills += 1
    // Killed between the end of its journal and its own.
    if ((await journalsIn(scene)).length === 0 && (await isThere(scene))) {
      return { kills, last: undefined }
    }
  }
  throw new Error('a command that nobody kills ends')
}

async function isThere({ plan, store, bytes, file }: Scene): Promise<boolean> {
  const found =
    plan.direction === 'download' ? await readFile(file) : store.objects(BUCKET)[0]?.bytes()
  return found?.equals(bytes) === true
}

/** Names of journals and of journals that are not whole yet; a lock may be left by the killed. */
async function journalsIn({ stateDir }: Scene): Promise<string[]> {
  const names = await readdir(join(stateDir, 'journals')).catch(() => [])
  return names.filter((name) => !name.endsWith('.lock'))
}

/** Returns the parts or ranges that were moved. */
async function check(scene: Scene, kills: number, wasKilledLast: boolean): Promise<number> {
  const { plan, store, bytes, dir, stateDir, file } = scene
  assert.ok(await isThere(scene), 'the bytes are right')
  assert.deepEqual(await readdir(dir), ['file'], 'no temporary file is left')
  if (plan.direction === 'upload') {
    assert.ok((await readFile(file)).equals(bytes), 'the source is untouched')
    // One whose id never came back to the command is empty, and nobody can know it.
    const uploads = store.uploads()
    assert.ok(uploads.length <= kills, 'no more uploads are left than were cut off in their making')
    for (const { parts } of uploads) assert.equal(parts, 0, 'no upload with parts is left')
  }
  assert.deepEqual(await journalsIn(scene), [], 'no journal is left')
  const locks = await readdir(join(stateDir, 'journals')).catch(() => [])
  // The last one may have been killed with all done and its lock in hand.
  if (wasKilledLast) assert.ok(locks.length <= 1, 'no lock is left but that of the last')
  else assert.deepEqual(locks, [], 'no lock is left')
  return checkMoved(scene, kills)
}

function checkMoved({ plan, store, bytes }: Scene, kills: number): number {
  const operation = plan.direction === 'upload' ? 'UploadPart' : 'GetObject'
  const done = store.requests
    .entries({ operation })
    .filter(({ outcome, status }) => outcome === 'answered' && (status === 200 || status === 206))
  const parts = Math.ceil(bytes.length / PART_SIZE)
  const again = plan.direction === 'upload' ? IN_FLIGHT : IN_FLIGHT + UNNOTED
  const most = parts + kills * again
  assert.ok(done.length <= most, `${done.length} moved of ${parts}, with ${kills} kills`)
  return done.length
}
