/**
 * An object read to see whether its bytes have a checksum that is known from elsewhere; nothing of it is
 * kept. CRCs are computed by the workers as ranges arrive; hashes, which ranges cannot be combined
 * into, here and in order, as for a reader.
 */

import type { PartDigest } from '../checksum/combine.ts'
import { rangeOf } from '../plan/download-plan.ts'
import { PART_SIZE_DEFAULT } from '../plan/part-size.ts'
import { checksumOf, compareReceived } from './download-proof.ts'
import { openObject, type DownloadSpec, type OpenedObject } from './download.ts'
import { fetchRange } from './fetch-range.ts'
import { rangeCount } from './fetch-ranges.ts'
import { PartWindow } from './part-window.ts'
import { readObject } from './read.ts'
import type { TransferRun } from './transfer-run.ts'

export interface ProvedObject {
  /** Bytes. */
  readonly size: number
  /** False when nothing could be compared, and nothing was read: nobody knows of which parts it is. */
  readonly isCompared: boolean
}

/**
 * Reads the object of `spec.known`, pinned to what it was.
 * @throws ERR_CHECKSUM_MISMATCH when its bytes are others; ERR_OBJECT_CHANGED, …
 */
export async function proveObject(run: TransferRun, spec: DownloadSpec): Promise<ProvedObject> {
  const partSize = Math.min(spec.partSize ?? PART_SIZE_DEFAULT, run.env.tuning.memoryLimit)
  const opened = await openObject(run, { ...spec, partSize })
  const { size } = opened.info
  const { stored, wholePass, exactParts } = opened.proof
  if (stored === undefined) return { size, isCompared: false }
  if (wholePass || exactParts) {
    for await (const chunk of readObject(run, { ...spec, partSize })) void chunk
    return { size, isCompared: true }
  }
  const digests = await fetchAll(run, opened)
  compareReceived(stored, await checksumOf(opened.proof, digests), run.context)
  return { size, isCompared: true }
}

async function fetchAll(
  run: TransferRun,
  { plan, fetch, info }: OpenedObject,
): Promise<readonly PartDigest[]> {
  const { memory } = run.env.scheduler
  const { buffers } = run.env
  const count = rangeCount(plan)
  run.started(info.size, count, plan.kind === 'ranges' ? plan.partSize : info.size)
  const digests: PartDigest[] = []
  const window = new PartWindow(run, 'GetObject')
  const fetchOne = async (index: number, release: () => void): Promise<void> => {
    const range = rangeOf(plan, index)
    const buffer = buffers.take(range.length)
    try {
      const sink = { kind: 'memory', buffer, offset: 0 } as const
      digests[index] = await fetchRange(run, fetch, range, index + 1, sink)
    } finally {
      buffers.give(buffer)
      release()
    }
  }
  try {
    for (let index = 0; index < count; index += 1) {
      await window.room()
      const { length } = rangeOf(plan, index)
      const release = await memory.acquire(length, run.sequence, run.stopping)
      window.add(fetchOne(index, release))
    }
    await window.drained()
  } catch (error) {
    run.stop(error)
    await window.settled()
    throw run.failure(error)
  }
  return digests
}
