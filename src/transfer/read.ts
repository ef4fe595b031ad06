/**
 * An object as an ordered stream: ranges are fetched in parallel into shared memory, and handed
 * out in order as copies. Nothing is fetched further ahead than the memory budget allows, so a
 * consumer that stops reading stops the requests.
 *
 *   range:   1 handed out   2 here, waits   3 on its way   4 …   (window = memory / range size)
 */

import { assert } from '../assert.ts'
import { loadChecksum, type RunningChecksum } from '../checksum/algorithms.ts'
import type { PartDigest } from '../checksum/combine.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { rangeOf } from '../plan/download-plan.ts'
import { partsInFlight } from '../plan/memory-budget.ts'
import { checksumOf, compareReceived } from './download-proof.ts'
import { openObject, rangeCount, type DownloadSpec, type OpenedObject } from './download.ts'
import { fetchRange } from './fetch-range.ts'
import type { TransferRun } from './transfer-run.ts'

/**
 * Largest chunk handed out. Bytes.
 * Source: measured, see BENCHMARKS.md; smaller ones cost a turn of the loop each.
 */
const CHUNK_SIZE = 256 * 1024

interface Fetched {
  readonly digest: PartDigest
  readonly buffer: SharedArrayBuffer
  release(): void
}

/**
 * Yields the bytes of an object in order. Throws at the end when they are not what is stored: what
 * was handed out until then must not be trusted.
 */
export async function* readObject(run: TransferRun, spec: DownloadSpec): AsyncGenerator<Buffer> {
  const opened = await openObject(run, spec)
  const { info, plan, proof } = opened
  const count = rangeCount(plan)
  const partSize = plan.kind === 'ranges' ? plan.partSize : info.size
  run.progress.start(info.size)
  run.env.events.emit('start', { transfer: run.info, size: info.size, parts: count, partSize })

  const whole = proof.wholePass ? await startWhole(opened) : undefined
  const digests: PartDigest[] = []
  const ahead: Promise<Fetched>[] = []
  const depth = windowDepth(run, partSize)
  let next = 0
  try {
    for (let index = 0; index < count; index += 1) {
      while (next < count && ahead.length < depth) {
        ahead.push(startFetch(run, opened, next))
        next += 1
      }
      const fetched = await ahead.shift()
      assert(fetched !== undefined, 'a range was started before it is waited for')
      try {
        yield* chunksOf(fetched, whole)
      } finally {
        fetched.release()
      }
      digests.push(fetched.digest)
    }
    const received =
      whole === undefined
        ? await checksumOf(proof, digests)
        : { ...whole.stored, value: encodeDigest(whole.checksum.digest()) }
    compareReceived(proof.stored, received, run.context)
  } catch (error) {
    run.stop(error)
    throw run.failure(error)
  } finally {
    // Also when the consumer left: what is on its way is cut and its memory given back.
    if (ahead.length > 0) run.abort('the reader stopped')
    for (const result of await Promise.allSettled(ahead)) {
      if (result.status === 'fulfilled') result.value.release()
    }
  }
}

function windowDepth(run: TransferRun, partSize: number): number {
  const { memoryLimit, maxInFlight } = run.env.tuning
  if (partSize === 0) return 1
  return partsInFlight({ memoryBudget: memoryLimit, partSize, maxInFlight })
}

function startFetch(run: TransferRun, opened: OpenedObject, index: number): Promise<Fetched> {
  const fetched = fetchInto(run, opened, index)
  // It is awaited in its turn; until then its failure is no unhandled rejection.
  fetched.catch(() => undefined)
  return fetched
}

async function fetchInto(run: TransferRun, opened: OpenedObject, index: number): Promise<Fetched> {
  const { scheduler, buffers } = run.env
  const range = rangeOf(opened.plan, index)
  const free = await scheduler.memory.acquire(range.length, run.sequence, run.signal)
  const buffer = buffers.take(range.length)
  const release = (): void => {
    buffers.give(buffer)
    free()
  }
  try {
    const sink = { kind: 'memory' as const, buffer, offset: 0 }
    const digest = await fetchRange(run, opened.fetch, range, index + 1, sink)
    return { digest, buffer, release }
  } catch (error) {
    release()
    throw error
  }
}

interface WholeChecksum {
  readonly stored: NonNullable<OpenedObject['proof']['stored']>
  readonly checksum: RunningChecksum
}

async function startWhole(opened: OpenedObject): Promise<WholeChecksum> {
  const { stored } = opened.proof
  assert(stored !== undefined, 'there is a value to compare with')
  return { stored, checksum: (await loadChecksum(stored.algorithm))() }
}

/** The memory is used again, so what is handed out is a copy. */
function* chunksOf(fetched: Fetched, whole: WholeChecksum | undefined): Generator<Buffer> {
  const { length } = fetched.digest
  for (let offset = 0; offset < length; offset += CHUNK_SIZE) {
    const view = Buffer.from(fetched.buffer, offset, Math.min(CHUNK_SIZE, length - offset))
    const chunk = Buffer.from(view)
    whole?.checksum.update(chunk)
    yield chunk
  }
}
