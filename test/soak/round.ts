/**
 * One round of a soak: a store behind a bad network, an engine, objects that all live at once. It
 * ends well only when nothing is left of it: no upload, temporary file, descriptor, timer or memory.
 */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { ListObjectVersionsCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { TransferEngine } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { startChaosProxy } from '../helpers/chaos-proxy/proxy.ts'
import { descriptors, leftOpen } from '../helpers/descriptors.ts'
import { until } from '../helpers/failure.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { BUCKET, liveThrough, type Scene } from './objects.ts'
import type { ObjectPlan, RoundPlan } from './plan.ts'

/** Longest time a round may take. Milliseconds. */
const ROUND_MS = 120_000

export interface RoundReport {
  /** How steps ended, and how often. */
  readonly endings: ReadonlyMap<string, number>
  readonly requests: number
  readonly faults: number
  readonly elapsedMs: number
}

/** @throws Error (AggregateError for several) for what must not happen */
export async function runRound(plan: RoundPlan): Promise<RoundReport> {
  const startedAt = performance.now()
  const before = await descriptors()
  const endings = new Map<string, number>()
  const dir = await mkdtemp(join(tmpdir(), 'transfer-engine-soak-'))
  const counts = await withStore(async (store) => {
    await using proxy = await startChaosProxy(store.port, plan.networkSeed)
    for (const rule of plan.network) proxy.add(rule)
    for (const rule of plan.store) store.faults.add(rule)
    const { accessKeyId, secretAccessKey } = store.credentials
    const engine = new TransferEngine({
      ...plan.engine,
      endpoint: proxy.endpoint,
      region: store.region,
      credentials: { accessKeyId, secretAccessKey },
    })
    const note = (ending: string): void => void endings.set(ending, (endings.get(ending) ?? 0) + 1)
    const scene: Scene = { engine, store, dir, plan, note }
    await inTime(engine, () => live(scene))
    // A proxy that stands still does not read, and sees no end of a connection before its own.
    await proxy.close()
    store.faults.clear()
    await checkStore(store, plan.objects)
    return {
      requests: proxy.requests.length,
      faults:
        proxy.requests.filter(({ faults }) => faults.length > 0).length +
        store.requests.entries().filter(({ faults }) => faults.length > 0).length,
    }
  })
  const files = await readdir(dir)
  await rm(dir, { recursive: true })
  nothing('a file is left', files)
  nothing('a socket or file is left open', await leftOpen(before))
  return { endings, ...counts, elapsedMs: performance.now() - startedAt }
}

async function withStore<T>(use: (store: LocalStore) => Promise<T>): Promise<T> {
  await using store = await startLocalStore({ buckets: [BUCKET] })
  const sdk = sdkClient(store)
  const VersioningConfiguration = { Status: 'Enabled' } as const
  await sdk.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }))
  sdk.destroy()
  return await use(store)
}

/** All objects at once, threads dying meanwhile; then the engine, at rest, and its end. */
async function live(scene: Scene): Promise<void> {
  const { engine, plan } = scene
  const threads: Worker[] = []
  const onWorker = (worker: Worker): unknown => threads.push(worker)
  process.on('worker', onWorker)
  const kills = plan.kills.map((ms) =>
    setTimeout(() => void threads[threads.length - 1]?.terminate(), ms),
  )
  try {
    const lives = await Promise.allSettled(plan.objects.map((each) => liveThrough(scene, each)))
    const failures = lives.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} failures`)
    for (const kill of kills) clearTimeout(kill)
    await checkRest(engine)
  } finally {
    process.off('worker', onWorker)
    for (const kill of kills) clearTimeout(kill)
    await engine.close({ graceMs: 0 })
  }
}

/** An engine without work holds nothing but idle connections. */
async function checkRest(engine: TransferEngine): Promise<void> {
  const isAtRest = (): boolean => {
    const { transfers, memory, pool } = engine.stats()
    return transfers === 0 && memory.taken === 0 && pool.busy === 0 && pool.waiting === 0
  }
  await until(isAtRest, `the engine is at rest: ${JSON.stringify(engine.stats())}`)
}

async function checkStore(store: LocalStore, objects: readonly ObjectPlan[]): Promise<void> {
  const isOver = (): boolean =>
    store.requests.entries().every(({ outcome }) => outcome !== undefined)
  await until(isOver, 'no request is under way in the store')
  for (const upload of store.uploads()) {
    // Of two requests to open an upload, the first of which was not answered, one is left: nobody
    // knows its name. It has no parts and costs nothing.
    const { key, parts } = upload
    const opened = store.requests.entries({ operation: 'CreateMultipartUpload', key }).length
    if (parts > 0 || opened < 2) nothing('an upload is left', [upload])
  }
  // Its port may be closed for a moment yet.
  const sdk = sdkClient(store, { maxAttempts: 5 })
  const { Versions = [] } = await sdk.send(new ListObjectVersionsCommand({ Bucket: BUCKET }))
  sdk.destroy()
  for (const { key } of objects) {
    const versions = Versions.filter(({ Key }) => Key === key).length
    const isMultipart = store.objects(BUCKET).some((each) => each.key === key && each.parts)
    // A PUT whose answer was lost is made again: the same bytes, as another version.
    const puts = store.requests.entries({ operation: 'PutObject', key }).length
    const most = isMultipart ? 1 : puts
    if (versions > most) throw new Error(`${key} has ${versions} versions instead of ${most}`)
  }
}

async function inTime(engine: TransferEngine, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it hangs: ${JSON.stringify(engine.stats())}`))
    }, ROUND_MS)
  })
  try {
    await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

function nothing(what: string, found: readonly unknown[]): void {
  if (found.length > 0) throw new Error(`${what}: ${JSON.stringify(found)}`)
}
