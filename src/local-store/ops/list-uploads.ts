/** ListParts and ListMultipartUploads. */

import { countParameter, OWNER, xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { compareKeys } from '../keys.ts'
import { PAGE_MAX } from '../limits.ts'
import type { Upload } from '../model.ts'
import { S3Error } from '../s3-error.ts'
import { xmlDocument } from '../xml.ts'
import { findUpload } from './multipart.ts'
import { listEncoder, listPage } from './page.ts'

const INITIATOR = { ID: OWNER['ID'], DisplayName: OWNER['DisplayName'] }

export function listParts(store: StoreContext, request: S3Request): Answer {
  if (!store.dialect.listParts) throw new S3Error('NotImplemented')
  const { query } = request
  const { upload, parts } = findUpload(store, request)
  const max = countParameter(query.get('max-parts'), 'max-parts', PAGE_MAX)
  const marker = countParameter(
    query.get('part-number-marker') ?? '0',
    'part-number-marker',
    0x7fff_ffff,
  )
  const rest = [...parts.values()]
    .filter(({ number }) => number > marker)
    .sort((a, b) => a.number - b.number)
  const page = rest.slice(0, max)
  const algorithm = upload.checksum?.algorithm
  const body = xmlDocument('ListPartsResult', {
    Bucket: request.bucket,
    Key: request.key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: max,
    IsTruncated: rest.length > page.length && max > 0,
    Part: page.map((part) => ({
      PartNumber: part.number,
      LastModified: new Date(part.lastModified).toISOString(),
      ETag: `"${part.etag}"`,
      Size: part.size,
      ...(part.checksum && { [`Checksum${part.checksum.algorithm}`]: part.checksum.value }),
    })),
    Initiator: INITIATOR,
    Owner: OWNER,
    StorageClass: upload.attributes.storageClass,
    ChecksumAlgorithm: algorithm,
    ChecksumType: upload.checksum?.type,
  })
  return xmlAnswer(body)
}

export function listMultipartUploads(store: StoreContext, request: S3Request): Answer {
  if (!store.dialect.listUploads) throw new S3Error('NotImplemented')
  const { query } = request
  const bucket = store.catalog.bucket(request.bucket)
  const encode = listEncoder(query.get('encoding-type'))
  const max = countParameter(query.get('max-uploads'), 'max-uploads', PAGE_MAX)
  const keyMarker = query.get('key-marker')
  const idMarker = query.get('upload-id-marker')
  const delimiter = query.get('delimiter') ?? ''
  const byKey = groupByKey([...bucket.uploads.values()].map(({ upload }) => upload))
  const inside = keyMarker !== undefined && keyMarker !== '' && (idMarker ?? '') !== ''
  const page = listPage({
    keys: [...byKey.keys()].sort(compareKeys),
    prefix: query.get('prefix') ?? '',
    delimiter,
    max,
    after:
      keyMarker === undefined || inside
        ? undefined
        : { name: keyMarker, wholePrefix: delimiter !== '' && keyMarker.endsWith(delimiter) },
    from: inside ? keyMarker : undefined,
    expand: (key) => {
      const uploads = byKey.get(key) ?? []
      if (!inside || key !== keyMarker) return uploads
      return uploads.slice(uploads.findIndex(({ id }) => id === idMarker) + 1)
    },
  })
  const lastIsKey = page.truncated && page.last?.wholePrefix === false
  const body = xmlDocument('ListMultipartUploadsResult', {
    Bucket: request.bucket,
    KeyMarker: encode(keyMarker ?? ''),
    UploadIdMarker: idMarker ?? '',
    NextKeyMarker: page.truncated ? encode(page.last?.name ?? '') : undefined,
    NextUploadIdMarker: lastIsKey ? page.entries.at(-1)?.id : undefined,
    Prefix: encode(query.get('prefix') ?? ''),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: query.get('encoding-type'),
    MaxUploads: max,
    IsTruncated: page.truncated && max > 0,
    Upload: page.entries.map((upload) => ({
      Key: encode(upload.key),
      UploadId: upload.id,
      Initiator: INITIATOR,
      Owner: OWNER,
      StorageClass: upload.attributes.storageClass,
      Initiated: new Date(upload.initiated).toISOString(),
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
    })),
    CommonPrefixes: page.prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  })
  return xmlAnswer(body)
}

/** Uploads of each key in the order in which they were begun. */
function groupByKey(uploads: readonly Upload[]): ReadonlyMap<string, readonly Upload[]> {
  const groups = new Map<string, Upload[]>()
  for (const upload of uploads) {
    const group = groups.get(upload.key)
    if (group === undefined) groups.set(upload.key, [upload])
    else group.push(upload)
  }
  for (const group of groups.values()) {
    group.sort((a, b) => a.initiated - b.initiated || (a.id < b.id ? -1 : 1))
  }
  return groups
}
