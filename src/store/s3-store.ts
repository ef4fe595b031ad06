/**
 * The store as the engine sees it: settings and routes, and the calls of the control plane.
 *
 * What a plain store needs is known without the SDK (`plain-store.ts`); clients are opened by the
 * first thing that needs them, so that making a store costs nothing and fails never. The region
 * of a bucket is the configured one until `refresh` tells another. Addresses are cached per bucket
 * without credentials; those the SDK gives are asked of it each time, since it keeps and renews
 * them.
 */

import { TransferError } from '../errors.ts'
import { abortable, throwIfAborted } from './abortable.ts'
import type { ControlTransport } from './control-transport.ts'
import type { CopyCalls } from './copy-calls.ts'
import type { HeadCall, HeadHost } from './head-object.ts'
import type { ListCall } from './list-objects.ts'
import type { ListVersionsCall } from './list-versions.ts'
import type {
  CallOptions,
  DeleteOptions,
  HeadOptions,
  ListObjectsOptions,
  ListUploadsOptions,
  ObjectInfo,
  ObjectPage,
  ObjectStore,
  RouteOptions,
  StoreSettings,
  UploadPage,
} from './object-store.ts'
import { findPlainStore, type PlainStore } from './plain-store.ts'
import type { RouteAddress } from './route-probe.ts'
import type { CallHost } from './s3-call.ts'
import type { S3Calls } from './s3-calls.ts'
import type { S3Clients } from './s3-clients.ts'
import type { S3StoreOptions } from './s3-store-options.ts'
import type { Credentials, ObjectRef, StoreRoute } from './types.ts'

/** Makes the store; nothing is loaded or sent before the first call. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  return new S3Store(options)
}

class S3Store implements ObjectStore {
  readonly #options: S3StoreOptions
  /** As probed by the SDK, and complete for buckets that need it not. */
  readonly #probed = new Map<string, Promise<RouteAddress>>()
  readonly #plainRoutes = new Map<string, StoreRoute>()
  readonly #regions = new Map<string, string>()
  #plain: Promise<PlainStore | undefined> | undefined
  #transport: Promise<ControlTransport> | undefined
  #clients: Promise<S3Clients> | undefined
  #calls: Promise<S3Calls> | undefined
  #copyCalls: Promise<CopyCalls> | undefined
  #headCall: Promise<HeadCall> | undefined
  #listCall: Promise<ListCall> | undefined
  #listVersionsCall: Promise<ListVersionsCall> | undefined
  #clockOffsetMs = 0
  #closed = false

  constructor(options: S3StoreOptions) {
    this.#options = options
  }

  async settings(): Promise<StoreSettings> {
    return (await this.#findPlain())?.settings ?? (await this.#open()).settings
  }

  async route(bucket: string, options: RouteOptions = {}): Promise<StoreRoute> {
    throwIfAborted(options.signal)
    if (this.#closed) throw closedError()
    return this.#plainRoutes.get(bucket) ?? abortable(this.#route(bucket), options.signal)
  }

  async head(object: ObjectRef, options?: HeadOptions): Promise<ObjectInfo> {
    this.#headCall ??= this.#loadHeadCall()
    return (await this.#headCall).run(object, options)
  }

  readonly createMultipartUpload: ObjectStore['createMultipartUpload'] = async (...call) =>
    (await this.#load()).createMultipartUpload(...call)

  readonly completeMultipartUpload: ObjectStore['completeMultipartUpload'] = async (...call) =>
    (await this.#load()).completeMultipartUpload(...call)

  readonly copyObject: CopyCalls['copyObject'] = async (...call) =>
    (await this.#loadCopies()).copyObject(...call)

  readonly copyPart: CopyCalls['copyPart'] = async (...call) =>
    (await this.#loadCopies()).copyPart(...call)

  readonly tags: CopyCalls['tags'] = async (...call) => (await this.#loadCopies()).tags(...call)

  readonly versioning: CopyCalls['versioning'] = async (...call) =>
    (await this.#loadCopies()).versioning(...call)

  readonly acl: CopyCalls['acl'] = async (...call) => (await this.#loadCopies()).acl(...call)

  readonly allowsAcls: CopyCalls['allowsAcls'] = async (...call) =>
    (await this.#loadCopies()).allowsAcls(...call)

  readonly abortMultipartUpload: ObjectStore['abortMultipartUpload'] = async (...call) =>
    (await this.#load()).abortMultipartUpload(...call)

  readonly listParts: ObjectStore['listParts'] = async (...call) =>
    (await this.#load()).listParts(...call)

  async listMultipartUploads(bucket: string, options: ListUploadsOptions): Promise<UploadPage> {
    return (await this.#load()).listMultipartUploads(bucket, options)
  }

  async deleteObject(object: ObjectRef, options?: DeleteOptions): Promise<void> {
    return (await this.#load()).deleteObject(object, options)
  }

  async deleteObjects(
    bucket: string,
    keys: readonly string[],
    options: CallOptions = {},
  ): Promise<ReadonlyMap<string, TransferError>> {
    return (await this.#load()).deleteObjects(bucket, keys, options)
  }

  async listObjects(bucket: string, options: ListObjectsOptions): Promise<ObjectPage> {
    this.#listCall ??= this.#loadListCall()
    return (await this.#listCall).run(bucket, options)
  }

  readonly listVersions: ObjectStore['listVersions'] = async (...call) => {
    this.#listVersionsCall ??= this.#loadListVersionsCall()
    return (await this.#listVersionsCall).run(...call)
  }

  refresh(bucket: string, options: { readonly region?: string | undefined } = {}): void {
    this.#probed.delete(bucket)
    this.#plainRoutes.delete(bucket)
    if (options.region !== undefined) this.#regions.set(bucket, options.region)
    // Failures of opening are reported by the calls that need the clients.
    this.#clients?.then(
      (clients) => clients.refreshCredentials(),
      () => undefined,
    )
  }

  noteClockOffset(offsetMs: number): void {
    this.#clockOffsetMs = offsetMs
    this.#plainRoutes.clear()
    this.#clients?.then(
      (clients) => clients.setClockOffset(offsetMs),
      () => undefined,
    )
  }

  close(): void {
    this.#closed = true
    this.#clients?.then(
      (clients) => clients.destroy(),
      () => undefined,
    )
    this.#transport?.then(
      (transport) => transport.destroy(),
      () => undefined,
    )
  }

  #findPlain(): Promise<PlainStore | undefined> {
    if (this.#closed) return Promise.reject(closedError())
    this.#plain ??= findPlainStore(this.#options)
    return this.#plain
  }

  #open(): Promise<S3Clients> {
    if (this.#closed) return Promise.reject(closedError())
    if (this.#clients === undefined) {
      this.#clients = this.#openClients()
      this.#clients.catch(() => {
        this.#clients = undefined
      })
    }
    return this.#clients
  }

  async #openClients(): Promise<S3Clients> {
    const { openClients } = await import('./s3-clients.ts')
    const transport = await this.#openTransport()
    const clients = await openClients(this.#options, await this.#findPlain(), transport)
    // It may have been noted before there were any.
    clients.setClockOffset(this.#clockOffsetMs)
    return clients
  }

  #openTransport(): Promise<ControlTransport> {
    this.#transport ??= import('./control-transport.ts').then(
      ({ ControlTransport }) => new ControlTransport(this.#options),
    )
    return this.#transport
  }

  async #loadListCall(): Promise<ListCall> {
    const { ListCall } = await import('./list-objects.ts')
    return new ListCall(this.#signingHost)
  }

  async #loadListVersionsCall(): Promise<ListVersionsCall> {
    const { ListVersionsCall } = await import('./list-versions.ts')
    return new ListVersionsCall(this.#signingHost)
  }

  async #loadHeadCall(): Promise<HeadCall> {
    const { HeadCall } = await import('./head-object.ts')
    return new HeadCall(this.#signingHost)
  }

  get #signingHost(): HeadHost {
    return {
      route: (bucket, signal) => this.route(bucket, { signal }),
      settings: () => this.settings(),
      transport: () => this.#openTransport(),
    }
  }

  #load(): Promise<S3Calls> {
    this.#calls ??= this.#loadCalls()
    return this.#calls
  }

  async #loadCalls(): Promise<S3Calls> {
    const { S3Calls } = await import('./s3-calls.ts')
    return new S3Calls(this.#callHost)
  }

  #loadCopies(): Promise<CopyCalls> {
    this.#copyCalls ??= import('./s3-copy-calls.ts').then(
      ({ S3CopyCalls }) => new S3CopyCalls(this.#callHost),
    )
    return this.#copyCalls
  }

  get #callHost(): CallHost {
    return {
      options: this.#options,
      open: () => this.#open(),
      regionOf: (bucket, clients) => this.#regionOf(bucket, clients.settings),
    }
  }

  async #route(bucket: string): Promise<StoreRoute> {
    const plain = await this.#findPlain()
    const address = plain?.address(bucket, this.#regionOf(bucket, plain.settings))
    if (plain !== undefined && address !== undefined) {
      const route = this.#routeOf(address, plain.settings, plain.credentials)
      this.#plainRoutes.set(bucket, route)
      return route
    }
    const clients = await this.#open()
    const probed = await this.#probe(bucket, clients)
    const credentials = probed.signing === undefined ? undefined : await clients.credentials()
    return this.#routeOf(probed, clients.settings, credentials)
  }

  #probe(bucket: string, clients: S3Clients): Promise<RouteAddress> {
    let address = this.#probed.get(bucket)
    if (address === undefined) {
      address = clients.probe(bucket, this.#regionOf(bucket, clients.settings))
      this.#probed.set(bucket, address)
      address.catch(() => this.#probed.delete(bucket))
    }
    return address
  }

  #routeOf(
    address: RouteAddress,
    settings: StoreSettings,
    credentials: Credentials | undefined,
  ): StoreRoute {
    const isHttp = address.origin.startsWith('http:')
    const isUnchecked = settings.requestChecksumCalculation === 'WHEN_REQUIRED'
    const { payloadSigning = 'auto' } = this.#options
    return {
      ...address,
      credentials,
      // Without checksum headers the signed hash is the only proof of the bytes on the wire.
      signPayload: payloadSigning === 'auto' ? isHttp || isUnchecked : payloadSigning === 'always',
      clockOffsetMs: this.#clockOffsetMs,
    }
  }

  #regionOf(bucket: string, settings: StoreSettings): string {
    return this.#regions.get(bucket) ?? settings.region
  }
}

function closedError(): TransferError {
  return new TransferError('ERR_CLOSED', 'The store was closed.')
}
