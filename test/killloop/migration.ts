/**
 * A migration between two stores with keys of their own, whose command is killed again and again: it ends with
 * every object there, with its bytes, metadata and tags, a report that adds up, and nothing left over.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3'
import { MiB, TransferEngine } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { sdkClient } from '../helpers/sdk-client.ts'
import { Dice } from '../soak/dice.ts'
import { runCommand, type CommandRun } from './command.ts'
import {
  filesBelow,
  fingerprintOf,
  fingerprints,
  makeHostileTree,
  type TreeSize,
} from './hostile-tree.ts'

/** Longest time of a run. Milliseconds. */
const RUN_MS = 30 * 60_000

/** What a command may take of memory. Bytes. Source: the goal for relays. */
const RSS_MAX = 400 * MiB

/** Between two looks at its memory. Milliseconds. */
const LOOK_MS = 50

/** How much later than it is done Complete is answered. Milliseconds. */
const COMPLETE_MS = 300

/** One object in so many bears tags. */
const TAGGED = 7

export interface MigrationLoopOptions extends TreeSize {
  readonly seed: number
  /** Kills, if they find the command at work. */
  readonly kills: number
}

export interface MigrationLoopReport {
  readonly objects: number
  readonly kills: number
  readonly copied: number
  readonly unchanged: number
  /** Of all runs. Bytes. */
  readonly peakRss: number
}

interface Ground {
  readonly old: LocalStore
  readonly fresh: LocalStore
  readonly root: string
  readonly peak: { rss: number }
}

/** @throws AssertionError for what must not happen */
export async function runMigrationLoop(
  options: MigrationLoopOptions,
): Promise<MigrationLoopReport> {
  const root = await mkdtemp(join(tmpdir(), 'transfer-engine-kill-'))
  const dirs = { old: join(root, 'old'), fresh: join(root, 'fresh') }
  await using old = await startLocalStore({ dir: dirs.old, buckets: ['old'], md5: false })
  await using fresh = await startLocalStore({ dir: dirs.fresh, buckets: ['fresh'], md5: false })
  // Between an object that is complete and a command that knows it.
  fresh.faults.add({
    match: { operation: 'CompleteMultipartUpload' },
    fault: { kind: 'delay', ms: COMPLETE_MS, at: 'after-operation' },
  })
  const ground: Ground = { old, fresh, root, peak: { rss: 0 } }
  try {
    const tree = join(root, 'tree')
    await mkdir(tree)
    await makeHostileTree(tree, options)
    const expected = fingerprints(tree)
    await fill(ground, tree)
    const kills = await migrateKilled(ground, options)
    await checkObjects(ground, expected, kills)
    const report = JSON.parse(await readFile(join(root, 'job', 'report.json'), 'utf8')) as Report
    const { seen, copied, unchanged, failed, skipped } = report
    assert.equal(seen, expected.size, 'the last run saw every object')
    assert.equal(seen, copied + unchanged + failed + skipped, 'the report adds up')
    assert.equal(failed + skipped, 0)
    assert.deepEqual(filesBelow(join(root, 'state')), [], 'no journal, lock or note is left')
    const again = await migrate(ground, undefined)
    assert.equal(again.result?.['unchanged'], expected.size, 'all is found unchanged')
    const peakRss = ground.peak.rss
    assert.ok(peakRss <= RSS_MAX, `${peakRss} bytes at most were in memory`)
    return { objects: expected.size, kills, copied, unchanged, peakRss }
  } finally {
    await rm(root, { recursive: true })
  }
}

type Report = Readonly<Record<'seen' | 'copied' | 'unchanged' | 'failed' | 'skipped', number>>

/** What an object is to have beside its bytes, by its name alone. */
function described(name: string): {
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>> | undefined
} {
  const hash = createHash('sha256').update(name).digest()
  const isTagged = (hash[0] ?? 0) % TAGGED === 0
  const tags = isTagged ? { of: hash.toString('hex').slice(0, 8) } : undefined
  return { metadata: { name: encodeURIComponent(name).slice(0, 500) }, tags }
}

async function fill({ old }: Ground, tree: string): Promise<void> {
  const { endpoint, region, credentials } = old
  await using engine = new TransferEngine({ endpoint, region, credentials, resume: 'off' })
  const result = await engine.uploadDirectory(tree, 's3://old/a', {
    onBeforeTransfer: ({ name }) => described(name),
  })
  assert.equal(result.failed + result.skipped, 0, 'the source is filled')
}

/** Runs the command until nobody kills it. */
async function migrateKilled(
  ground: Ground,
  { seed, kills, small }: MigrationLoopOptions,
): Promise<number> {
  const dice = new Dice(seed, 1)
  let done = 0
  for (;;) {
    const isMoment = done < kills ? momentOf(dice, ground.fresh, small / kills) : undefined
    const { code, killedAt, said } = await migrate(ground, isMoment)
    if (killedAt === undefined) {
      assert.equal(code, 0, `the command ends well: ${said}`)
      return done
    }
    done += 1
  }
}

/** Once the destination was asked so often, once an object is complete, or after some time. */
function momentOf(dice: Dice, { requests }: LocalStore, share: number): () => boolean {
  if (dice.int(1, 4) === 1) {
    const end = Date.now() + dice.int(300, 5000)
    return () => Date.now() >= end
  }
  const completed = (): number =>
    requests.entries({ operation: 'CompleteMultipartUpload' }).at(-1)?.id ?? 0
  const before = dice.int(1, 3) === 1 ? completed() : Infinity
  const last = (): number => requests.entries().at(-1)?.id ?? 0
  const count = last() + dice.int(10, Math.ceil(share * 1.2))
  return () => last() >= count || completed() > before
}

async function migrate(ground: Ground, isMoment: (() => boolean) | undefined): Promise<CommandRun> {
  const { old, fresh, root, peak } = ground
  const { endpoint, region, credentials } = fresh
  let pid = 0
  const watch = setInterval(() => {
    peak.rss = Math.max(peak.rss, peakOf(pid))
  }, LOOK_MS)
  try {
    // By itself only what is large is written down; the uploads of the rest are for `cleanup`.
    const state = ['--state-dir', join(root, 'state'), '--resume', 'always']
    const job = ['--job', join(root, 'job'), ...state, '--json']
    return await runCommand({
      argv: [
        'migrate',
        's3://old/a',
        's3://fresh/b',
        '--source-endpoint-url',
        old.endpoint,
        ...job,
      ],
      store: { endpoint, region, credentials },
      env: {
        TRANSFER_ENGINE_SOURCE_ACCESS_KEY_ID: old.credentials.accessKeyId,
        TRANSFER_ENGINE_SOURCE_SECRET_ACCESS_KEY: old.credentials.secretAccessKey,
      },
      isMoment,
      onStart: (started) => (pid = started),
      onResult: () => undefined,
      timeoutMs: RUN_MS,
    })
  } finally {
    clearInterval(watch)
  }
}

/** Most memory a process has had, where the system tells. Bytes. */
function peakOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB/mu.exec(text)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

async function checkObjects(
  { fresh }: Ground,
  expected: ReadonlyMap<string, string>,
  kills: number,
): Promise<void> {
  const { endpoint, region, credentials } = fresh
  await using engine = new TransferEngine({ endpoint, region, credentials, resume: 'off' })
  const sdk = sdkClient(fresh)
  const objects = fresh.objects('fresh')
  assert.equal(objects.length, expected.size, 'as many objects as there are files')
  for (const object of objects) {
    const name = object.key.slice('b/'.length)
    const hash = createHash('sha256')
    if (object.size <= MiB) hash.update(object.bytes())
    else for await (const chunk of engine.read(`s3://fresh/${object.key}`)) hash.update(chunk)
    assert.equal(fingerprintOf(object.size, hash), expected.get(name), `the bytes of ${name}`)
    const { metadata, tags = {} } = described(name)
    assert.equal(object.metadata['name'], metadata['name'], `the metadata of ${name}`)
    const asked = { Bucket: 'fresh', Key: object.key }
    const { TagSet = [] } = await sdk.send(new GetObjectTaggingCommand(asked))
    assert.deepEqual(Object.fromEntries(TagSet.map(({ Key, Value }) => [Key, Value])), tags)
  }
  sdk.destroy()
  const open = fresh.uploads()
  assert.deepEqual(
    open.filter(({ parts }) => parts > 0),
    [],
    'no upload is open',
  )
  // Whose command was killed before it heard of it.
  assert.ok(open.length <= kills, `${open.length} uploads were never heard of`)
}
