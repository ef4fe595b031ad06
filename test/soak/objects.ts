/**
 * The life of one object in a soak: uploaded, then downloaded, read or peeked at, and looked at
 * after each step. Whatever the network did, a step ends in one of few ways; another one throws.
 */

import { createHash } from 'node:crypto'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { isTransferError, type TransferEngine, type UploadOptions } from 'transfer-engine'
import type { LocalStore } from 'transfer-engine/testing'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import type { ObjectPlan, RoundPlan, UsePlan } from './plan.ts'

/** The bucket of a soak. */
export const BUCKET = 'soak'

export interface Scene {
  readonly engine: TransferEngine
  readonly store: LocalStore
  readonly dir: string
  readonly plan: RoundPlan
  /** Counts how steps ended. */
  note(ending: string): void
}

/** Whether the object stands at the end. @throws Error for anything that must not happen */
export async function liveThrough(scene: Scene, object: ObjectPlan): Promise<boolean> {
  const bytes = testBytes(object.size, object.seed)
  const isThere = await upload(scene, object, bytes)
  if (!isThere) return false
  for (const [index, use] of object.uses.entries()) {
    if (use.how === 'download') await download(scene, object, use, bytes, `${object.key}.${index}`)
    else await read(scene, object, use, bytes)
  }
  return true
}

async function upload(scene: Scene, object: ObjectPlan, bytes: Buffer): Promise<boolean> {
  const { engine, store, dir } = scene
  const { key, size, from, uploadAbortMs } = object
  const source = from === 'file' ? join(dir, `${key}.source`) : bytes
  if (typeof source === 'string') await writeFile(source, bytes)
  const isStream = from === 'stream' || from === 'sized-stream'
  const options: UploadOptions = {
    ...(from === 'sized-stream' ? { size } : {}),
    ...(object.onlyNew ? { ifNoneMatch: '*' } : {}),
    onProgress: ({ transferred, total }) => {
      if (transferred > (total ?? Infinity)) throw new Error(`${key}: ${transferred} of ${total}`)
    },
  }
  const transfer = engine.upload(
    isStream ? Readable.from(chunksOf(bytes, object.chunk)) : source,
    `s3://${BUCKET}/${key}`,
    options,
  )
  const timer = abortAfter(transfer, uploadAbortMs)
  const error = await outcome(transfer)
  clearTimeout(timer)
  if (typeof source === 'string') await rm(source)
  const stored = store.objects(BUCKET).find((each) => each.key === key)
  // An upload that was stopped may have been done all the same, but never by half.
  if (stored !== undefined) same(`${key} in the store`, stored.bytes(), bytes)
  if (error === undefined) {
    if (stored === undefined) throw new Error(`${key} was reported as stored and is not there`)
    scene.note('uploaded')
    return true
  }
  if (error.code !== 'ERR_ABORTED' || uploadAbortMs === undefined) throw error
  if (error.context.leftBehind !== undefined) throw error
  scene.note('upload aborted')
  return false
}

async function download(
  scene: Scene,
  object: ObjectPlan,
  use: UsePlan,
  bytes: Buffer,
  name: string,
): Promise<void> {
  const path = join(scene.dir, name)
  const transfer = scene.engine.download(`s3://${BUCKET}/${object.key}`, path)
  const timer = abortAfter(transfer, use.abortMs)
  const error = await outcome(transfer)
  clearTimeout(timer)
  if (error === undefined) {
    same(name, await readFile(path), bytes)
    await rm(path)
    return scene.note('downloaded')
  }
  if (await exists(path)) throw new Error(`${name} is there after ${error.code}`)
  mustBeExpected(scene, error, use)
}

async function read(
  scene: Scene,
  { key, size }: ObjectPlan,
  use: UsePlan,
  bytes: Buffer,
): Promise<void> {
  const controller = new AbortController()
  const timer = abortAfter(controller, use.abortMs)
  const wanted = use.how === 'peek' ? Math.min(use.bytes, size) : size
  const hash = createHash('sha256')
  let length = 0
  const run = async (): Promise<void> => {
    const { signal } = controller
    for await (const chunk of scene.engine.read(`s3://${BUCKET}/${key}`, { signal })) {
      hash.update(chunk)
      length += chunk.length
      if (use.how === 'peek' && length >= wanted) break
    }
  }
  const error = await outcome(run())
  clearTimeout(timer)
  if (error !== undefined) return mustBeExpected(scene, error, use)
  const isWhole = use.how === 'read'
  const expected = createHash('sha256').update(bytes.subarray(0, length)).digest('hex')
  const agrees = hash.digest('hex') === expected && (!isWhole || length === size)
  // Who leaves early has no proof of what it got.
  if (!agrees && (isWhole || !scene.plan.damagesDownloads)) {
    throw new Error(`${key}: the ${length} bytes read of ${size} are others`)
  }
  scene.note(isWhole ? 'read' : 'peeked')
}

/** The error a promise rejects with. @throws what is no `TransferError` */
async function outcome(promise: PromiseLike<unknown>) {
  try {
    await promise
    return undefined
  } catch (error) {
    if (isTransferError(error)) return error
    throw error
  }
}

function mustBeExpected(
  scene: Scene,
  error: NonNullable<Awaited<ReturnType<typeof outcome>>>,
  { abortMs }: UsePlan,
): void {
  const isAborted = error.code === 'ERR_ABORTED' && abortMs !== undefined
  const isDamage = error.code === 'ERR_CHECKSUM_MISMATCH' && scene.plan.damagesDownloads
  if (!isAborted && !isDamage) throw error
  scene.note(isAborted ? 'read aborted' : 'damage found')
}

function abortAfter(
  what: { abort(): unknown },
  ms: number | undefined,
): NodeJS.Timeout | undefined {
  return ms === undefined ? undefined : setTimeout(() => void what.abort(), ms)
}

function same(what: string, actual: Uint8Array, expected: Uint8Array): void {
  const difference = differenceOf(actual, expected)
  if (difference !== undefined) throw new Error(`${what}: ${difference}`)
}

function* chunksOf(bytes: Buffer, most: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += most) {
    // A copy: a stream may do what it likes with its chunks afterwards.
    yield Buffer.from(bytes.subarray(at, at + most))
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
