/**
 * An object as an ordered stream: ranges are fetched in parallel into shared memory, and handed
 * out in order as copies. Nothing is fetched further ahead than the memory budget allows, so a
 * consumer that stops reading stops the requests.
 *
 *   range:   1 handed out   2 here, waits   3 on its way   4 …   (window = memory / range size)
 */

import { assert } from '../assert.ts'
import type { PartDigest } from '../checksum/combine.ts'
import { rangeOf } from '../plan/download-plan.ts'
import { PART_SIZE_DEFAULT } from '../plan/part-size.ts'
import { checksumOf, compareReceived } from './download-proof.ts'
import { openObject, type DownloadSpec, type OpenedObject } from './download.ts'
import { rangeCount } from './fetch-ranges.ts'
import { fetchRange } from './fetch-range.ts'
import { InOrderProof } from './in-order-proof.ts'
import type { TransferRun } from './transfer-run.ts'

/**
 * Largest chunk handed out. Bytes.
 * Source: none, reasonable default; smaller ones cost a turn of the loop each.
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
  const { memoryLimit, maxInFlight } = run.env.tuning
  const partSizeMax = Math.min(spec.partSize ?? PART_SIZE_DEFAULT, memoryLimit)
  const opened = await openObject(run, { ...spec, partSize: partSizeMax, inOrder: true })
  const { info, plan, proof } = opened
  const count = rangeCount(plan)
  const partSize = plan.kind === 'ranges' ? plan.partSize : info.size
  run.progress.start(info.size)
  run.env.events.emit('start', { transfer: run.info, size: info.size, parts: count, partSize })

  const inOrder = await InOrderProof.start(proof)
  const digests: PartDigest[] = []
  const ahead: Promise<Fetched>[] = []
  let next = 0
  try {
    for (let index = 0; index < count; index += 1) {
      while (next < count && ahead.length < maxInFlight) {
        const fetching = startFetch(run, opened, next, ahead.length === 0)
        if (fetching === undefined) break
        ahead.push(fetching)
        next += 1
      }
      const fetched = await ahead.shift()
      assert(fetched !== undefined, 'a range was started before it is waited for')
      try {
        yield* chunksOf(run, fetched, inOrder)
      } finally {
        fetched.release()
      }
      digests.push(fetched.digest)
    }
    const received = (await inOrder?.finish()) ?? (await checksumOf(proof, digests))
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

/**
 * Starts fetching a range into shared memory. The range the reader waits for needs no room in the
 * budget, so that every reader goes on whatever the others hold; one ahead of it starts only if
 * there is room, and never waits for it.
 */
function startFetch(
  run: TransferRun,
  opened: OpenedObject,
  index: number,
  isHead: boolean,
): Promise<Fetched> | undefined {
  const { length } = rangeOf(opened.plan, index)
  const free = isHead ? nothing : run.env.scheduler.readAhead.tryAcquire(length)
  if (free === undefined) return undefined
  const fetched = fetchInto(run, opened, index, free)
  // It is awaited in its turn; until then its failure is no unhandled rejection.
  fetched.catch(nothing)
  return fetched
}

function nothing(): undefined {
  return undefined
}

async function fetchInto(
  run: TransferRun,
  opened: OpenedObject,
  index: number,
  free: () => void,
): Promise<Fetched> {
  const { buffers } = run.env
  const range = rangeOf(opened.plan, index)
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

/**
 * The memory is used again, so what is handed out is a copy. Of a run that was stopped nothing more
 * is handed out, though it is all here.
 */
function* chunksOf(
  run: TransferRun,
  fetched: Fetched,
  inOrder: InOrderProof | undefined,
): Generator<Buffer> {
  const { length } = fetched.digest
  for (let offset = 0; offset < length; offset += CHUNK_SIZE) {
    run.stopping.throwIfAborted()
    const view = Buffer.from(fetched.buffer, offset, Math.min(CHUNK_SIZE, length - offset))
    const chunk = Buffer.from(view)
    inOrder?.update(chunk)
    yield chunk
  }
}
