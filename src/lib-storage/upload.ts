/**
 * lib-storage's `Upload`, over an engine: the same options, methods and results.
 */

import { EventEmitter } from 'node:events'
import type { Options, Progress } from '@aws-sdk/lib-storage'
import { TransferError, type Transfer, type UploadOptions, type UploadResult } from '../index.ts'
import { PART_SIZE_MIN } from '../plan/limits.ts'
import { checkBody, hearErrors, sourceOf, type Source } from './body.ts'
import { clientEngine, type ArrivedPart } from './client-engine.ts'
import { failureOf, locationOf, outputOf } from './outcome.ts'
import { uploadOptionsOf } from './params.ts'
import type { UploadOutput, UploadSurface } from './types.ts'

const PROGRESS = 'httpUploadProgress'

const NAMES: readonly string[] = [
  'client',
  'params',
  'queueSize',
  'partSize',
  'leavePartsOnError',
  'tags',
  'abortController',
] satisfies readonly (keyof Options)[]

/**
 * One upload of a string, bytes, a Blob or a stream.
 *
 * - `partSize` in bytes, from 5 MiB; without one the engine chooses, and objects below 16 MiB go in
 *   one request
 * - `queueSize` is the most parts in flight; without one there are as many as prove worth it
 * - `abortController` has a signal of Node's own
 *
 * @example
 * const upload = new Upload({ client, params: { Bucket: 'bucket', Key: 'key', Body: stream } })
 * upload.on('httpUploadProgress', ({ loaded, total }) => console.log(loaded, total))
 * const { ETag } = await upload.done()
 */
export class Upload extends EventEmitter implements UploadSurface {
  // Set once.
  readonly #client: Options['client']
  readonly #params: Options['params']
  readonly #options: UploadOptions
  readonly #abortController: AbortController
  // What has happened.
  #work: Promise<UploadOutput> | undefined
  #transfer: Transfer<UploadResult> | undefined
  #loaded = 0

  /** @throws ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN, also for parameters that cannot be kept */
  constructor(options: Options) {
    super()
    checkOptions(options)
    const { client, params, tags = [], leavePartsOnError = false } = options
    this.#client = client
    this.#params = params
    this.#abortController = (options.abortController ?? new AbortController()) as AbortController
    this.#options = {
      ...uploadOptionsOf(params, tags),
      ...sizesOf(options),
      leavePartsOnError,
      signal: this.#abortController.signal,
    }
  }

  /** The multipart upload in the store, once there is one. */
  get uploadId(): string | undefined {
    return this.#transfer?.uploadId
  }

  /** Hears of each part that has arrived. */
  override on(event: 'httpUploadProgress', listener: (progress: Progress) => void): this {
    return super.on(event, listener)
  }

  /**
   * Uploads. Once per instance.
   * @throws (rejects) `AbortError` after an abort, else a `TransferError` whose name is the store's code
   *   if it gave one; in either case after what was begun has been removed
   */
  done(): Promise<UploadOutput> {
    if (this.#work !== undefined) {
      const message = 'This upload has already executed .done(). Create a new instance.'
      return Promise.reject(new TransferError('ERR_OPTION_INVALID', message))
    }
    this.#work = this.#run().catch((error: unknown) => {
      throw failureOf(error)
    })
    return this.#work
  }

  /** Aborts, and resolves when what was begun has been removed. Without effect after the end. */
  async abort(): Promise<void> {
    this.#abortController.abort()
    await this.#work?.catch(() => undefined)
  }

  async #run(): Promise<UploadOutput> {
    const { Body: body, Bucket: bucket = '', Key: key = '' } = this.#params
    hearErrors(body)
    const { engine, endpoint, listeners } = await clientEngine(this.#client)
    const location = await locationOf(this.#client.config, endpoint, { bucket, key })
    const source = await sourceOf(this.#params)
    const { input, size } = source
    const transfer = engine.upload(input, { bucket, key }, { ...this.#options, size })
    this.#transfer = transfer
    listeners.set(transfer.id, (part) => this.#arrived(part, size))
    try {
      const result = await transfer
      this.#tellTheRest(result, source)
      return outputOf(result, location)
    } finally {
      listeners.delete(transfer.id)
      // A file that was read in place of its stream.
      if (typeof input === 'string') destroy(body)
    }
  }

  #arrived({ bytes, partNumber }: ArrivedPart, size: number | undefined): void {
    this.#loaded += bytes
    // A stream that fits into its first part ends with it.
    const isAll = partNumber === 1 && this.uploadId === undefined
    this.#tell(partNumber, isAll ? this.#loaded : size)
  }

  /** A part whose answer was lost has arrived all the same. */
  #tellTheRest({ size, parts }: UploadResult, { size: total }: Source): void {
    if (this.#loaded === size) return
    this.#loaded = size
    this.#tell(parts, parts === 1 ? size : total)
  }

  #tell(part: number, total: number | undefined): void {
    const { Bucket, Key } = this.#params
    this.emit(PROGRESS, { loaded: this.#loaded, total, part, Key, Bucket })
  }
}

/** @throws what lib-storage would refuse, under the words it begins with, and what would be ignored */
function checkOptions(options: Options): void {
  const { client, params, partSize, queueSize, abortController } = options
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name))
  if (unknown !== undefined) {
    const message = `Unknown option \`${unknown}\` of an upload.`
    throw new TransferError('ERR_OPTION_UNKNOWN', message, { option: unknown })
  }
  if (!params) throw invalid('params', 'InputError: an upload requires `params`.')
  if (!client) throw invalid('client', 'InputError: an upload requires a `client`.')
  if (partSize && partSize < PART_SIZE_MIN) {
    const message = `EntityTooSmall: \`partSize\` is ${partSize}, the least is ${PART_SIZE_MIN} bytes.`
    throw invalid('partSize', message)
  }
  if (queueSize && queueSize < 1) {
    throw invalid('queueSize', 'Queue size: `queueSize` is at least 1.')
  }
  if (abortController !== undefined && !(abortController.signal instanceof AbortSignal)) {
    throw invalid(
      'abortController',
      'Expected `abortController` to be one of Node, not a polyfill.',
    )
  }
  checkBody(params)
}

/** 0 is no choice, as there. What is chosen holds below the size from which parts are worth it, too. */
function sizesOf({ partSize, queueSize }: Options): UploadOptions {
  return {
    ...(partSize ? { partSize, multipartThreshold: 0 } : {}),
    ...(queueSize ? { maxInFlight: Math.ceil(queueSize) } : {}),
  }
}

function invalid(option: string, message: string): TransferError {
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}

function destroy(body: Options['params']['Body']): void {
  if (body !== undefined && typeof body === 'object' && 'destroy' in body) body.destroy()
}
