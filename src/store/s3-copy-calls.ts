/**
 * Copies within a store and what they need, over `@aws-sdk/client-s3`: one attempt each, answers
 * checked. Loaded with the first copy.
 */

import type { Grant } from '@aws-sdk/client-s3'
import { isTransferError } from '../errors.ts'
import { rangeHeader } from '../plan/ranges.ts'
import { attributeParams, type RequestAttributes } from './attributes.ts'
import type {
  AccessGrant,
  AccessList,
  Copied,
  CopyCalls,
  CopyObjectOptions,
  CopyPartOptions,
  Versioning,
} from './copy-calls.ts'
import { invalid } from './invalid-answer.ts'
import { checksumType } from './object-info.ts'
import { readChecksums } from './s3-answers.ts'
import { sendCall, type CallHost } from './s3-call.ts'
import { objectParams } from './s3-params.ts'
import { encodeKey } from './signing.ts'
import type { ObjectRef } from './types.ts'

/**
 * Shortest silence after which a copy is given up. Milliseconds.
 * Source: S3 API reference, CopyObject: the answer's head may come long before the copy has ended.
 */
const COPY_TIMEOUT_MIN_MS = 300_000

export class S3CopyCalls implements CopyCalls {
  readonly #host: CallHost

  constructor(host: CallHost) {
    this.#host = host
  }

  async copyObject(from: ObjectRef, to: ObjectRef, options: CopyObjectOptions): Promise<Copied> {
    const { attributes, replaces = false, replacesTags = false, algorithm } = options
    const params = {
      ...attributeParams('copy', attributes),
      ...objectParams(to),
      ...sourceParams(from, options.ifMatch, options.sourceAttributes),
      MetadataDirective: replaces ? ('REPLACE' as const) : ('COPY' as const),
      TaggingDirective: replacesTags ? ('REPLACE' as const) : ('COPY' as const),
      ChecksumAlgorithm: algorithm,
    }
    const requestTimeout = this.#timeout
    return this.#call('CopyObject', to, options, async (client, s3, sending) => {
      const command = new s3.CopyObjectCommand(params)
      const output = await client.send(command, { ...sending, requestTimeout })
      return readCopied(output.CopyObjectResult, output.VersionId)
    })
  }

  async copyPart(from: ObjectRef, to: ObjectRef, options: CopyPartOptions): Promise<Copied> {
    const { uploadId, partNumber, range, attributes, ifMatch, sourceAttributes } = options
    const params = {
      ...attributeParams('part', attributes),
      ...objectParams(to),
      ...sourceParams(from, ifMatch, sourceAttributes),
      CopySourceRange: rangeHeader(range),
      UploadId: uploadId,
      PartNumber: partNumber,
    }
    const requestTimeout = this.#timeout
    return this.#call('UploadPartCopy', to, options, async (client, s3, sending) => {
      const command = new s3.UploadPartCopyCommand(params)
      const output = await client.send(command, { ...sending, requestTimeout })
      return readCopied(output.CopyPartResult, undefined)
    })
  }

  async tags(
    object: ObjectRef,
    options: Parameters<CopyCalls['tags']>[1] = {},
  ): Promise<Readonly<Record<string, string>>> {
    return this.#call('GetObjectTagging', object, options, async (client, s3, sending) => {
      const command = new s3.GetObjectTaggingCommand({
        ...attributeParams('bucket', options.attributes),
        ...objectParams(object),
        VersionId: object.versionId,
      })
      const { TagSet = [] } = await client.send(command, sending)
      return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]))
    })
  }

  async versioning(
    bucket: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Versioning> {
    return this.#call('GetBucketVersioning', { bucket }, options, async (client, s3, sending) => {
      const command = new s3.GetBucketVersioningCommand({ Bucket: bucket })
      const { Status: status } = await client.send(command, sending)
      if (status === undefined) return 'never'
      return status === 'Enabled' ? 'enabled' : 'suspended'
    })
  }

  async acl(object: ObjectRef, options: Parameters<CopyCalls['acl']>[1] = {}): Promise<AccessList> {
    return this.#call('GetObjectAcl', object, options, async (client, s3, sending) => {
      const command = new s3.GetObjectAclCommand({
        ...attributeParams('bucket', options.attributes),
        ...objectParams(object),
        VersionId: object.versionId,
      })
      const { Owner, Grants = [] } = await client.send(command, sending)
      return { ownerId: Owner?.ID, grants: Grants.map(readGrant) }
    })
  }

  async allowsAcls(
    bucket: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const operation = 'GetBucketOwnershipControls'
    try {
      return await this.#call(operation, { bucket }, options, async (client, s3, sending) => {
        const command = new s3.GetBucketOwnershipControlsCommand({ Bucket: bucket })
        const { OwnershipControls } = await client.send(command, sending)
        const rules = OwnershipControls?.Rules ?? []
        return rules.every(({ ObjectOwnership }) => ObjectOwnership !== 'BucketOwnerEnforced')
      })
    } catch (error) {
      // Older buckets have no such setting.
      if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return true
      throw error
    }
  }

  get #timeout(): number {
    return Math.max(COPY_TIMEOUT_MIN_MS, this.#host.options.readTimeoutMs)
  }

  #call<T>(
    operation: string,
    object: Parameters<typeof sendCall>[2],
    { signal }: { readonly signal?: AbortSignal | undefined },
    run: Parameters<typeof sendCall<T>>[5],
  ): Promise<T> {
    return sendCall(this.#host, operation, object, {}, { signal }, run)
  }
}

/** @throws ERR_RESPONSE_INVALID for one to nobody: what is not understood is not left out */
function readGrant({ Grantee, Permission }: Grant): AccessGrant {
  const { ID, URI, EmailAddress } = Grantee ?? {}
  const permission = String(Permission)
  if (ID) return { permission, grantee: { kind: 'user', name: ID } }
  if (URI) return { permission, grantee: { kind: 'group', name: URI } }
  if (EmailAddress) {
    return { permission, grantee: { kind: 'email', name: EmailAddress } }
  }
  throw invalid('The answer to GetObjectAcl has a grant to nobody.')
}

/** @param ifMatch the copy is of these bytes, or of none */
function sourceParams(
  { bucket, key, versionId }: ObjectRef,
  ifMatch: string,
  attributes: RequestAttributes = {},
): { readonly CopySource: string; readonly CopySourceIfMatch: string } {
  const version = versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`
  const { SSECustomerAlgorithm, SSECustomerKey } = attributeParams('read', attributes)
  const customer =
    SSECustomerKey === undefined
      ? {}
      : {
          CopySourceSSECustomerAlgorithm: SSECustomerAlgorithm,
          CopySourceSSECustomerKey: SSECustomerKey,
        }
  const owner =
    attributes.expectedBucketOwner === undefined
      ? {}
      : { ExpectedSourceBucketOwner: attributes.expectedBucketOwner }
  return {
    CopySource: `${bucket}/${encodeKey(key)}${version}`,
    CopySourceIfMatch: ifMatch,
    ...customer,
    ...owner,
  }
}

/** @throws ERR_RESPONSE_INVALID without ETag */
function readCopied(
  result: (Parameters<typeof readChecksums>[0] & { ETag?: string | undefined }) | undefined,
  versionId: string | undefined,
): Copied {
  if (!result?.ETag) throw invalid('The answer to a copy has no ETag.')
  const { ChecksumType: type } = result as { readonly ChecksumType?: string }
  return {
    etag: result.ETag,
    versionId,
    checksums: readChecksums(result),
    checksumType: checksumType(type),
  }
}
