/**
 * A small object into a file, in one job: GET → check → checksum → temporary file → fsync → final
 * name. The object is held in memory until it is proved, so that nothing but proved bytes is ever
 * written. What is not plain is left to the coordinator, whose way begins with HEAD.
 */

import {
  closeSync,
  fchmodSync,
  futimesSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { ErrorContext } from '../src/errors.ts'
import { attributesFor, type FileAttributes } from '../src/file-attributes.ts'
import { targetError } from '../src/local-errors.ts'
import { modeOver, TEMPORARY_FLAGS, TEMPORARY_MODE } from '../src/local-target.ts'
import type { GetFileJob, PartDone } from '../src/pool/protocol.ts'
import { describedBy, keptHeaders } from '../src/store/responses.ts'
import type { StoreRoute } from '../src/store/types.ts'
import { KiB } from '../src/units.ts'
import type { DiskSync } from './disk-sync.ts'
import type { ExchangeHead } from './exchange.ts'
import { fetchWhole, proveWhole } from './fetch-whole.ts'
import type { JobToken, WorkerContext } from './worker-context.ts'

/**
 * What is paid for ahead of an object whose length is not known, under a bandwidth limit. Bytes.
 * Source: none, reasonable default; an error in it is settled when the object has arrived.
 */
const LIKELY_LENGTH = 4 * KiB

/**
 * @throws ERR_OBJECT_TOO_LARGE for an object that must come down another way
 */
export async function downloadFile(
  worker: WorkerContext,
  disk: DiskSync,
  route: StoreRoute,
  job: GetFileJob,
  token: JobToken,
  context: ErrorContext,
): Promise<PartDone> {
  const startedAt = performance.now()
  token.check()
  const buffer = worker.buffers.take(job.length)
  try {
    const { key, query, headers: asked, length, compare } = job
    const what = { key, query, headers: asked, etag: '', length, compare }
    const whole = { ...what, likelyLength: LIKELY_LENGTH }
    const answer = await fetchWhole(worker, route, whole, buffer, token, context)
    const { headers, bytes } = answer
    const { digest } = await proveWhole(answer, compare, job.algorithm, context)
    token.check()
    await writeFile(job, bytes, attributesOf(job, headers), disk)
    worker.state.add('bytesReceived', bytes.length)
    worker.state.setProgress(job.slot, bytes.length)
    return {
      ok: true,
      workerId: worker.workerId,
      digest,
      length: bytes.length,
      etag: headers['etag'] ?? '',
      headers: keptHeaders(headers),
      elapsedMs: performance.now() - startedAt,
    }
  } finally {
    worker.buffers.give(buffer)
  }
}

function attributesOf(job: GetFileJob, headers: ExchangeHead['headers']): FileAttributes {
  if (job.restore === undefined) return {}
  const { lastModified = job.lastModified, metadata } = describedBy(headers)
  return attributesFor(job.restore, { lastModified, metadata })
}

/** Under the temporary name, durable if it is to be, then under the final one. */
async function writeFile(
  job: GetFileJob,
  bytes: Buffer,
  { mtimeMs, permissions }: FileAttributes,
  disk: DiskSync,
): Promise<void> {
  const { path, temporary, fsync } = job
  try {
    const mode = modeOver(lstatSync(path, { throwIfNoEntry: false }), path)
    const fd = openSync(temporary, TEMPORARY_FLAGS, TEMPORARY_MODE)
    try {
      const attributes = { mtimeMs, permissions: permissions ?? mode }
      await fill(fd, bytes, attributes, fsync ? disk : undefined)
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  } catch (error) {
    throw targetError(error, path)
  }
  if (fsync) await disk.directory(dirname(path))
}

/** Writes, syncs and closes. Short writes happen, on a nearly full disk for example. */
async function fill(
  fd: number,
  bytes: Buffer,
  { mtimeMs, permissions }: FileAttributes & { readonly permissions: number },
  disk: DiskSync | undefined,
): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, done)
    }
    await disk?.file(fd)
    fchmodSync(fd, permissions)
    if (mtimeMs !== undefined) futimesSync(fd, Date.now() / 1000, mtimeMs / 1000)
  } finally {
    closeSync(fd)
  }
}
