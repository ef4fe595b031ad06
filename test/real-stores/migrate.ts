/**
 * A copy of a whole prefix from one real store to another by the command, killed in the middle of its
 * large object and run again, until both stores agree and nothing else is left.
 */

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { MiB, TransferEngine } from 'transfer-engine'
import { sdkClient } from '../helpers/sdk-client.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { journalsIn, locksIn, uploadsNoted } from '../killloop/journal-view.ts'
import { runCommand, type CommandRun } from '../killloop/command.ts'
import type { StoreAddress } from '../killloop/store-view.ts'
import { openUploads, optionsFor } from './cases/case.ts'
import { KEYS } from './cases/keys.ts'
import { viewOf } from './migrate-view.ts'

const OLD = 'migrate-old'
const NEW = 'migrate-new'

/** From which size a transfer has a journal by default; this one has twelve parts of 8 MiB. Bytes. */
const LARGE = 96 * MiB + 7

const SMALL = 300

/** Slow enough that the large object is under way for seconds, both ways counted. Bytes per second. */
const BANDWIDTH = '32MiB'

/** How many parts of the large object are noted when the command is killed, for each kill. */
const KILLS: readonly number[] = [3, 7]

/** Longest time of a run. Milliseconds. */
const RUN_MS = 180_000

/** What both stores can do, so that it is part of the copy. */
export interface Abilities {
  readonly tags: boolean
  /** Groups of `KEYS` that both hold. */
  readonly keys: readonly string[]
}

export interface Migrated {
  readonly objects: number
  readonly bytes: number
  readonly kills: number
}

/** @throws AssertionError for what must not be */
export async function migrate(
  from: StoreAddress,
  to: StoreAddress,
  abilities: Abilities,
): Promise<Migrated> {
  const stateDir = await mkdtemp(join(tmpdir(), 'transfer-engine-migrate-'))
  const [source, target] = [sdkClient(from), sdkClient(to)]
  try {
    await source.send(new CreateBucketCommand({ Bucket: OLD }))
    await target.send(new CreateBucketCommand({ Bucket: NEW }))
    const bytes = await fill(from, abilities)
    const argv = argvOf(from, stateDir)
    for (const parts of KILLS) await killAt(to, from, argv, stateDir, parts)
    const last = await runCommand({ ...callOf(to, from, argv), isMoment: undefined })
    assert.equal(last.code, 0, `the last run succeeds: ${last.said}`)
    const again = await runCommand({ ...callOf(to, from, argv), isMoment: undefined })
    assert.equal(again.result?.['copied'], 0, `nothing is copied twice: ${again.said}`)
    const [before, after] = [
      await viewOf(from, OLD, 'data/', abilities),
      await viewOf(to, NEW, 'moved/', abilities),
    ]
    assert.deepEqual(after, before, 'both stores agree')
    assert.deepEqual(await openUploads(target, NEW, ''), [], 'no multipart upload is open')
    assert.deepEqual(journalsIn(stateDir), [], 'no journal is left')
    assert.deepEqual(uploadsNoted(stateDir), [], 'no upload is noted as open')
    assert.deepEqual(locksIn(stateDir), [], 'no lock is left')
    return { objects: before.size, bytes, kills: KILLS.length }
  } finally {
    source.destroy()
    target.destroy()
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** Makes what is copied: hostile keys, small objects around one large. Returns the sum of bytes. */
async function fill(from: StoreAddress, { tags, keys }: Abilities): Promise<number> {
  await using engine = new TransferEngine({ ...optionsFor(from), recordUploads: false })
  const hostile = keys.flatMap((group) => KEYS[group] ?? [])
  const plain = Array.from(
    { length: SMALL },
    (_, index) => `${index % 2 === 0 ? 'early' : 'zlate'}/${index}`,
  )
  const names = [...hostile, ...plain]
  let sum = LARGE
  await Promise.all(
    names.map(async (name, index) => {
      // Folders are empty everywhere, and some stores keep nothing that is said of them.
      const isFolder = name.endsWith('/')
      const bytes = testBytes(isFolder ? 0 : index * 37, index)
      sum += bytes.length
      const described =
        index % 5 === 0 && !isFolder
          ? { metadata: { n: String(index) }, contentType: 'text/csv' }
          : {}
      const tagged = tags && index % 7 === 0 && !isFolder ? { tags: { n: String(index) } } : {}
      const object = { bucket: OLD, key: `data/${name}` }
      await engine.upload(bytes, object, { ...described, ...tagged })
    }),
  )
  const options = { metadata: { large: 'yes' }, ...(tags ? { tags: { large: 'yes' } } : {}) }
  await engine.upload(testBytes(LARGE, 77), `s3://${OLD}/data/m/large`, options)
  return sum
}

function argvOf({ endpoint, region }: StoreAddress, stateDir: string): readonly string[] {
  return [
    ['sync', `s3://${OLD}/data`, `s3://${NEW}/moved`, '--json'],
    ['--source-endpoint-url', endpoint, '--source-region', region],
    ['--state-dir', stateDir, '--part-size', '8MiB', '--max-bandwidth', BANDWIDTH],
    ['--max-in-flight', '4'],
  ].flat()
}

function callOf(to: StoreAddress, from: StoreAddress, argv: readonly string[]) {
  const { accessKeyId, secretAccessKey } = from.credentials
  const env = {
    TRANSFER_ENGINE_SOURCE_ACCESS_KEY_ID: accessKeyId,
    TRANSFER_ENGINE_SOURCE_SECRET_ACCESS_KEY: secretAccessKey,
  }
  return { argv, store: to, env, timeoutMs: RUN_MS, onResult: () => undefined }
}

/** Runs the command until so many parts of the large object are noted in its journal. */
async function killAt(
  to: StoreAddress,
  from: StoreAddress,
  argv: readonly string[],
  stateDir: string,
  parts: number,
): Promise<CommandRun> {
  let noted = 0
  const looking = setInterval(() => {
    void partsNoted(stateDir).then((count) => (noted = count))
  }, 20)
  try {
    const isMoment = (): boolean => noted >= parts
    const run = await runCommand({ ...callOf(to, from, argv), isMoment })
    assert.notEqual(run.killedAt, undefined, `it was killed at work: ${run.said}`)
    return run
  } finally {
    clearInterval(looking)
  }
}

async function partsNoted(stateDir: string): Promise<number> {
  const dir = join(stateDir, 'journals')
  const names = (await readdir(dir).catch(() => [])).filter((name) => name.endsWith('.journal'))
  const texts = await Promise.all(
    names.map((name) => readFile(join(dir, name), 'latin1').catch(() => '')),
  )
  return [...texts.join('').matchAll(/\{"type":"part"/g)].length
}
