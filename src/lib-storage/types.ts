/**
 * The words of lib-storage, taken from its own types, so that what compiles with the one compiles
 * with the other. Nothing of it is loaded.
 */

import type { Options, Upload } from '@aws-sdk/lib-storage'

/** A client of the SDK, whose configuration says where to and as whom. */
export type Client = Options['client']

/** Parameters of PutObject, and of what a multipart upload sends beside. */
export type Params = Options['params']

/** A tag as the SDK writes it. */
export type Tag = NonNullable<Options['tags']>[number]

/** What `done()` resolves to. */
export type UploadOutput = Awaited<ReturnType<Upload['done']>>

/** What can be asked of an upload, beside its event. */
export type UploadSurface = Pick<Upload, 'done' | 'abort'>
