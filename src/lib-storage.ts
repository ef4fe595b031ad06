/**
 * `Upload` for programs that have used lib-storage of the SDK: the same class over an engine.
 *
 * ```ts
 * import { Upload } from 'transfer-engine/lib-storage'
 *
 * const params = { Bucket: 'bucket', Key: 'key', Body: createReadStream('file') }
 * await new Upload({ client: new S3Client({}), params }).done()
 * ```
 */

export { engineOf } from './lib-storage/client-engine.ts'
export { Upload } from './lib-storage/upload.ts'
export type { BodyDataTypes, Configuration, Options, Progress } from '@aws-sdk/lib-storage'
