/**
 * A transfer run without network and threads: fakes at the ports `ObjectStore` and
 * `PartExecutor`. The executor moves real bytes between files, memory and maps, so that checksums
 * are real; both do as they are told where a test wants a failure.
 */

import { readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { loadChecksum } from '../../../src/checksum/algorithms.ts'
import { encodeDigest } from '../../../src/checksum/encoding.ts'
import { toWire, TransferError, type ErrorCode, type ErrorContext } from '../../../src/errors.ts'
import { EventHub } from '../../../src/events.ts'
import { resolveOptions, type ResolvedTuning } from '../../../src/options.ts'
import { AWS_LIMITS } from '../../../src/plan/limits.ts'
import type { PartExecutor } from '../../../src/pool/part-executor.ts'
import type { ByteLocation, PartFailed, PartJob, PartResult } from '../../../src/pool/protocol.ts'
import { SharedBuffers } from '../../../src/pool/shared-buffers.ts'
import { SharedState } from '../../../src/pool/shared-state.ts'
import type { ObjectInfo, ObjectStore } from '../../../src/store/object-store.ts'
import { RequestPacer } from '../../../src/store/request-pacer.ts'
import { createRetryPolicy, type RetryPolicy } from '../../../src/store/retry-policy.ts'
import type { StoreRoute } from '../../../src/store/types.ts'
import { OpenUploads } from '../../../src/transfer/open-uploads.ts'
import { ResumeSettings } from '../../../src/transfer/resume-settings.ts'
import { RunningLimits } from '../../../src/transfer/running-limits.ts'
import { Scheduler } from '../../../src/transfer/scheduler.ts'
import { TransferCounts } from '../../../src/transfer/transfer-counts.ts'
import { TransferRun, type TransferEnvironment } from '../../../src/transfer/transfer-run.ts'
import type { UploadSpec } from '../../../src/transfer/upload-spec.ts'

export const ROUTE: StoreRoute = {
  origin: 'http://127.0.0.1:1',
  host: '127.0.0.1:1',
  basePath: '/bucket',
  bucket: 'bucket',
  signing: undefined,
  credentials: undefined,
  signPayload: false,
  clockOffsetMs: 0,
}

/** Decides about an attempt: a failure, or nothing to let it succeed. */
export type Fault = (job: PartJob, attempt: number) => PartResult | undefined

export class FakeExecutor implements PartExecutor {
  readonly jobs: PartJob[] = []
  readonly routes: (StoreRoute | undefined)[] = []
  readonly cancelled: number[] = []
  /** Bodies of PUTs by query, the single one under `''`. */
  readonly sent = new Map<string, Buffer>()
  /** What GETs read. */
  object: Buffer = Buffer.alloc(0)
  /** Headers of each answer. */
  headers: Readonly<Record<string, string>> = {}
  fault: Fault = () => undefined
  /** Runs before each answer. */
  before: (job: PartJob) => Promise<void> = () => Promise.resolve()
  readonly slots = new Map<number, number>()

  async run(route: StoreRoute | undefined, job: PartJob): Promise<PartResult> {
    this.jobs.push(job)
    this.routes.push(route)
    const attempt = this.jobs.length
    await this.before(job)
    const failure = this.fault(job, attempt)
    if (failure !== undefined) return failure
    const bytes = this.#move(job)
    const checksum = (await loadChecksum(job.algorithm))()
    checksum.update(bytes)
    const digest = checksum.digest()
    return {
      ok: true,
      workerId: 3,
      digest,
      length: bytes.length,
      etag: job.kind === 'digest' ? '' : `"${this.jobs.length}"`,
      headers: this.headers,
      elapsedMs: 1,
    }
  }

  cancel(transferId: number, _slot?: number): void {
    this.cancelled.push(transferId)
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }

  workers(): [] {
    return []
  }

  progress(slot: number): number {
    return this.slots.get(slot) ?? 0
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #move(job: PartJob): Buffer {
    if (job.kind === 'get-file') {
      writeFileSync(job.path, this.object)
      return this.object
    }
    if (job.kind === 'get') {
      const bytes = this.object.subarray(job.offset, job.offset + job.length)
      writeTo(job.sink, bytes)
      return bytes
    }
    if (job.kind === 'relay') {
      this.sent.set('', this.object)
      return this.object
    }
    const bytes =
      job.kind === 'put-file' ? readFileSync(job.path) : readFrom(job.source, job.length)
    if (job.kind !== 'digest') this.sent.set(job.query, bytes)
    return bytes
  }
}

function readFrom(source: ByteLocation, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  if (length === 0) return bytes
  if (source.kind === 'file') readSync(source.fd, bytes, 0, length, source.offset)
  else bytes.set(new Uint8Array(source.buffer, source.offset, length))
  return bytes
}

export function writeTo(sink: ByteLocation, bytes: Buffer): void {
  if (sink.kind === 'file') writeSync(sink.fd, bytes, 0, bytes.length, sink.offset)
  else new Uint8Array(sink.buffer).set(bytes, sink.offset)
}

/** A failed attempt as a worker answers it. */
export function failed(
  code: ErrorCode,
  context: ErrorContext = {},
  arrived: { readonly received: number; readonly digest: Uint8Array } = {
    received: 0,
    digest: new Uint8Array(0),
  },
): PartFailed {
  const error = toWire(new TransferError(code, `it is ${code}`, context))
  return { ok: false, workerId: 3, error, ...arrived }
}

export interface FakeStore {
  readonly store: ObjectStore
  /** Calls in order: `name` or `name detail`. */
  readonly log: string[]
}

/** A store of which a test says what it needs; everything else fails loudly. */
export function fakeStore(methods: Partial<ObjectStore> = {}): FakeStore {
  const log: string[] = []
  const unexpected = (name: string) => () =>
    Promise.reject(new Error(`the test did not expect ${name}`))
  const given: ObjectStore = {
    settings: unexpected('settings'),
    route: () => Promise.resolve(ROUTE),
    head: unexpected('head'),
    createMultipartUpload: () => Promise.resolve({ uploadId: 'upload-1' }),
    completeMultipartUpload: unexpected('completeMultipartUpload'),
    copyObject: unexpected('copyObject'),
    copyPart: unexpected('copyPart'),
    tags: unexpected('tags'),
    versioning: unexpected('versioning'),
    acl: unexpected('acl'),
    allowsAcls: unexpected('allowsAcls'),
    abortMultipartUpload: () => Promise.resolve(),
    listParts: () => Promise.resolve([]),
    listMultipartUploads: unexpected('listMultipartUploads'),
    deleteObject: unexpected('deleteObject'),
    deleteObjects: unexpected('deleteObjects'),
    listObjects: unexpected('listObjects'),
    listVersions: unexpected('listVersions'),
    refresh: () => undefined,
    noteClockOffset: () => undefined,
    close: () => undefined,
    ...methods,
  }
  const store: ObjectStore = {
    ...given,
    head: (object, options) => {
      log.push(`head${options?.partNumber === undefined ? '' : ` ${options.partNumber}`}`)
      return given.head(object, options)
    },
    createMultipartUpload: (object, options) => {
      log.push('create')
      return given.createMultipartUpload(object, options)
    },
    completeMultipartUpload: (object, uploadId, parts, options) => {
      log.push(`complete ${parts.map((part) => part.partNumber).join(',')}`)
      return given.completeMultipartUpload(object, uploadId, parts, options)
    },
    abortMultipartUpload: (object, uploadId, options) => {
      log.push(`abort ${uploadId}`)
      return given.abortMultipartUpload(object, uploadId, options)
    },
    listParts: (object, uploadId, options) => {
      log.push(`list ${uploadId}`)
      return given.listParts(object, uploadId, options)
    },
    refresh: (bucket, how) => {
      log.push(`refresh ${bucket} ${how?.region ?? ''}`.trim())
    },
    noteClockOffset: (offsetMs) => {
      log.push(`clock ${offsetMs}`)
    },
  }
  return { store, log }
}

export function objectInfo(info: Partial<ObjectInfo> = {}): ObjectInfo {
  return {
    size: 0,
    etag: '"object"',
    lastModified: undefined,
    versionId: undefined,
    checksums: {},
    checksumType: undefined,
    partsCount: undefined,
    metadata: {},
    contentType: undefined,
    contentEncoding: undefined,
    storageClass: undefined,
    serverSideEncryption: undefined,
    ...info,
  }
}

export interface RunFixture extends FakeStore {
  readonly run: TransferRun
  readonly env: TransferEnvironment
  readonly executor: FakeExecutor
  readonly controller: AbortController
}

export function makeRun(
  given: {
    readonly store?: Partial<ObjectStore>
    readonly tuning?: Partial<ResolvedTuning>
    readonly policy?: RetryPolicy
    readonly id?: number
    readonly path?: string
    /** Nothing is recorded without. */
    readonly state?: { readonly stateDir: string; readonly recordUploads: true }
  } = {},
): RunFixture {
  const tuning = { ...resolveOptions({ retryDelayMs: 0 }).tuning, ...given.tuning }
  const { store, log } = fakeStore(given.store)
  const executor = new FakeExecutor()
  const env: TransferEnvironment = {
    store,
    source: store,
    isOneIdentity: true,
    executor,
    scheduler: new Scheduler(tuning),
    limits: new RunningLimits(new SharedState(1).bandwidth, new RequestPacer(0)),
    buffers: new SharedBuffers(64 * 1024 * 1024),
    retryPolicy: given.policy ?? createRetryPolicy(tuning),
    openUploads: new OpenUploads({ recordUploads: false, ...given.state }),
    resume: new ResumeSettings({ resume: given.state === undefined ? 'off' : 'always' }),
    events: new EventHub(),
    counts: new TransferCounts(),
    tuning,
  }
  const controller = new AbortController()
  const info = {
    id: given.id ?? 1,
    kind: 'upload' as const,
    bucket: 'bucket',
    key: 'key',
    path: given.path,
  }
  const run = new TransferRun(env, info, { signal: controller.signal })
  return { run, env, executor, controller, store, log }
}

export function uploadSpec(spec: Partial<UploadSpec> = {}): UploadSpec {
  return {
    attributes: {},
    partSize: 1000,
    multipartThreshold: 2000,
    algorithm: 'CRC32',
    sendChecksum: true,
    limits: AWS_LIMITS,
    ...spec,
  }
}

/** What a transfer took of the budgets and has not given back. */
export function takenOf({ scheduler }: TransferEnvironment): object {
  const { requests, memory, transfers } = scheduler
  const waiting = requests.waiting + memory.waiting + transfers.waiting
  return { requests: requests.taken, memory: memory.taken, transfers: transfers.taken, waiting }
}

export const NOTHING_TAKEN = { requests: 0, memory: 0, transfers: 0, waiting: 0 }

export async function checksumOfBytes(
  bytes: Uint8Array,
  algorithm: PartJob['algorithm'] = 'CRC32',
): Promise<string> {
  return encodeDigest(await digestOf(bytes, algorithm))
}

export async function digestOf(
  bytes: Uint8Array,
  algorithm: PartJob['algorithm'] = 'CRC32',
): Promise<Uint8Array> {
  const checksum = (await loadChecksum(algorithm))()
  checksum.update(bytes)
  return checksum.digest()
}
