/** ListObjectsV2, ListObjects and ListObjectVersions. */

import type { BucketState } from '../bucket-state.ts'
import { countParameter, OWNER, xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { PAGE_MAX } from '../limits.ts'
import type { ObjectVersion } from '../model.ts'
import { S3Error } from '../s3-error.ts'
import { xmlDocument } from '../xml.ts'
import type { XmlElements } from '../xml.ts'
import { listEncoder, listPage } from './page.ts'
import type { PageRequest } from './page.ts'

type Position = NonNullable<PageRequest<unknown>['after']>

export function listObjectsV2(store: StoreContext, request: S3Request): Answer {
  const { query } = request
  const bucket = store.catalog.bucket(request.bucket)
  const encode = listEncoder(query.get('encoding-type'))
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const after =
    token === undefined
      ? startAfter === undefined
        ? undefined
        : { name: startAfter, wholePrefix: false }
      : readToken(token)
  const max = countParameter(query.get('max-keys'), 'max-keys', PAGE_MAX)
  const page = currentObjects(bucket, request, max, after)
  const withOwner = query.get('fetch-owner') === 'true'
  const more = page.truncated && page.last !== undefined
  const body = xmlDocument('ListBucketResult', {
    Name: request.bucket,
    Prefix: encode(query.get('prefix') ?? ''),
    Delimiter: encoded(encode, query.get('delimiter')),
    StartAfter: encoded(encode, startAfter),
    MaxKeys: max,
    EncodingType: query.get('encoding-type'),
    KeyCount: page.entries.length + page.prefixes.length,
    IsTruncated: page.truncated && max > 0,
    ContinuationToken: token,
    NextContinuationToken: more && page.last ? writeToken(page.last) : undefined,
    Contents: page.entries.map((version) => contents(version, encode, withOwner)),
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  })
  return xmlAnswer(body)
}

export function listObjects(store: StoreContext, request: S3Request): Answer {
  const { query } = request
  const bucket = store.catalog.bucket(request.bucket)
  const encode = listEncoder(query.get('encoding-type'))
  const marker = query.get('marker')
  const delimiter = query.get('delimiter')
  const max = countParameter(query.get('max-keys'), 'max-keys', PAGE_MAX)
  const after = marker === undefined ? undefined : { name: marker, wholePrefix: false }
  const page = currentObjects(bucket, request, max, after)
  const next = page.truncated && delimiter !== undefined ? page.last?.name : undefined
  const body = xmlDocument('ListBucketResult', {
    Name: request.bucket,
    Prefix: encode(query.get('prefix') ?? ''),
    Marker: encode(marker ?? ''),
    NextMarker: encoded(encode, next),
    Delimiter: encoded(encode, delimiter),
    MaxKeys: max,
    EncodingType: query.get('encoding-type'),
    IsTruncated: page.truncated && max > 0,
    Contents: page.entries.map((version) => contents(version, encode, true)),
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  })
  return xmlAnswer(body)
}

function currentObjects(
  bucket: BucketState,
  { query }: S3Request,
  max: number,
  after: Position | undefined,
): ReturnType<typeof listPage<ObjectVersion>> {
  return listPage({
    keys: bucket.keys,
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    max,
    after,
    expand: (key) => {
      const version = bucket.current(key)
      return version === undefined ? [] : [version]
    },
  })
}

function contents(
  version: ObjectVersion,
  encode: (text: string) => string,
  withOwner: boolean,
): XmlElements {
  return {
    Key: encode(version.key),
    ...commonElements(version),
    ...(withOwner && { Owner: OWNER }),
  }
}

function commonElements(version: ObjectVersion): XmlElements {
  return {
    LastModified: new Date(version.lastModified).toISOString(),
    ETag: `"${version.etag}"`,
    ChecksumAlgorithm: version.checksum?.algorithm,
    ChecksumType: version.checksum?.type,
    Size: version.size,
    StorageClass: version.attributes.storageClass,
  }
}

export function listObjectVersions(store: StoreContext, request: S3Request): Answer {
  const { query } = request
  const bucket = store.catalog.bucket(request.bucket)
  const encode = listEncoder(query.get('encoding-type'))
  const keyMarker = query.get('key-marker')
  const versionMarker = query.get('version-id-marker')
  const max = countParameter(query.get('max-keys'), 'max-keys', PAGE_MAX)
  if (versionMarker !== undefined && keyMarker === undefined) {
    throw new S3Error(
      'InvalidArgument',
      'A version-id marker cannot be specified without a key marker.',
    )
  }
  const delimiter = query.get('delimiter') ?? ''
  const inside = keyMarker !== undefined && versionMarker !== undefined && versionMarker !== ''
  const after =
    keyMarker === undefined
      ? undefined
      : { name: keyMarker, wholePrefix: delimiter !== '' && keyMarker.endsWith(delimiter) }
  const page = listPage({
    keys: bucket.keys,
    prefix: query.get('prefix') ?? '',
    delimiter,
    max,
    after: inside ? undefined : after,
    from: inside ? keyMarker : undefined,
    expand: (key) => {
      const versions = bucket.versions(key)
      if (!inside || key !== keyMarker) return versions
      return versions.slice(versions.findIndex((one) => one.versionId === versionMarker) + 1)
    },
  })
  const last = page.entries.at(-1)
  const nextIsKey = page.truncated && page.last?.wholePrefix === false
  const describe = (version: ObjectVersion): XmlElements => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: bucket.newest(version.key) === version,
    ...(version.deleteMarker
      ? { LastModified: new Date(version.lastModified).toISOString() }
      : commonElements(version)),
    Owner: OWNER,
  })
  const head = {
    Name: request.bucket,
    Prefix: encode(query.get('prefix') ?? ''),
    KeyMarker: encode(keyMarker ?? ''),
    VersionIdMarker: versionMarker ?? '',
    NextKeyMarker: page.truncated ? encoded(encode, page.last?.name) : undefined,
    NextVersionIdMarker: nextIsKey ? last?.versionId : undefined,
    Delimiter: encoded(encode, query.get('delimiter')),
    MaxKeys: max,
    EncodingType: query.get('encoding-type'),
    IsTruncated: page.truncated && max > 0,
  }
  // Between each other, as AWS has them: only their order tells which came first.
  const entries = page.entries.map((version) =>
    version.deleteMarker ? { DeleteMarker: describe(version) } : { Version: describe(version) },
  )
  const prefixes = { CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })) }
  return xmlAnswer(xmlDocument('ListVersionsResult', [head, ...entries, prefixes]))
}

function encoded(encode: (text: string) => string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : encode(text)
}

function writeToken({ name, wholePrefix }: Position): string {
  return Buffer.from(`${wholePrefix ? 'p' : 'k'}${name}`).toString('base64url')
}

function readToken(token: string): Position {
  const text = Buffer.from(token, 'base64url').toString()
  if (!/^[pk]/.test(text)) {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect')
  }
  return { name: text.slice(1), wholePrefix: text.startsWith('p') }
}
