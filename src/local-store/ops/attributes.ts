/** GetObjectAttributes. Parts are listed only for COMPOSITE checksums, as on AWS. */

import { countParameter, xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { PAGE_MAX } from '../limits.ts'
import type { ObjectVersion } from '../model.ts'
import { checkReadKey } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { xmlDocument } from '../xml.ts'
import type { XmlElements } from '../xml.ts'
import { getObject } from './objects.ts'
import { resolveVersion, versionIdHeader } from './versions.ts'

const KNOWN = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'])

export function getObjectAttributes(store: StoreContext, request: S3Request): Answer {
  if (store.dialect.attributes === 'object-bytes') return getObject(store, request)
  const { headers, query } = request
  const bucket = store.catalog.bucket(request.bucket)
  const version = resolveVersion(bucket, request.key, query.get('versionId'))
  checkReadKey(headers, version)
  const wanted = (headers['x-amz-object-attributes'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (wanted.length === 0 || wanted.some((name) => !KNOWN.has(name))) {
    throw new S3Error('InvalidArgument', 'Invalid attribute name specified.')
  }
  const body = xmlDocument('GetObjectAttributesResponse', {
    ...(wanted.includes('ETag') && { ETag: version.etag }),
    ...(wanted.includes('Checksum') && { Checksum: checksum(version) }),
    ...(wanted.includes('ObjectParts') && { ObjectParts: objectParts(request, version) }),
    ...(wanted.includes('StorageClass') && { StorageClass: version.attributes.storageClass }),
    ...(wanted.includes('ObjectSize') && { ObjectSize: version.size }),
  })
  return xmlAnswer(body, {
    'last-modified': new Date(version.lastModified).toUTCString(),
    ...versionIdHeader(bucket, version),
  })
}

function checksum(version: ObjectVersion): XmlElements | undefined {
  if (version.checksum === undefined) return undefined
  const { algorithm, type, value } = version.checksum
  return { [`Checksum${algorithm}`]: value, ChecksumType: type }
}

function objectParts({ headers }: S3Request, version: ObjectVersion): XmlElements | undefined {
  const parts = version.multipart?.parts
  if (parts === undefined) return undefined
  if (version.checksum?.type !== 'COMPOSITE') return { PartsCount: parts.length }
  const { algorithm } = version.checksum
  const max = countParameter(headers['x-amz-max-parts'], 'x-amz-max-parts', PAGE_MAX)
  const marker = Number(headers['x-amz-part-number-marker'] ?? 0)
  const rest = parts.filter(({ number }) => number > marker)
  const page = rest.slice(0, max)
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: max,
    IsTruncated: rest.length > page.length && max > 0,
    Part: page.map((part) => ({
      PartNumber: part.number,
      Size: part.size,
      [`Checksum${algorithm}`]: part.checksum,
    })),
  }
}
