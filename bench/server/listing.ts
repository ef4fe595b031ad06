/** ListObjectsV2, ListObjects, ListMultipartUploads. */

import { element, xmlAnswer, type Answer } from './answer.ts'
import type { Catalog, ObjectRecord } from './catalog.ts'

const PAGE_MAX = 1000

interface Page {
  readonly objects: readonly ObjectRecord[]
  readonly prefixes: readonly string[]
  /** What the next page comes after; undefined at the end. */
  readonly next: string | undefined
}

export function listObjectsV2(catalog: Catalog, bucket: string, query: URLSearchParams): Answer {
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after') ?? undefined
  const after = token === null ? startAfter : Buffer.from(token, 'base64url').toString('utf8')
  const page = listPage(catalog, query, after)
  const encode = encoderOf(query)
  const next = page.next === undefined ? undefined : Buffer.from(page.next).toString('base64url')
  return xmlAnswer(
    'ListBucketResult',
    commonElements(bucket, query, page) +
      element('KeyCount', page.objects.length + page.prefixes.length) +
      element('ContinuationToken', token ?? undefined) +
      element('NextContinuationToken', next) +
      element('StartAfter', startAfter === undefined ? undefined : encode(startAfter)),
  )
}

export function listObjects(catalog: Catalog, bucket: string, query: URLSearchParams): Answer {
  const marker = query.get('marker') ?? ''
  const page = listPage(catalog, query, marker)
  const encode = encoderOf(query)
  return xmlAnswer(
    'ListBucketResult',
    commonElements(bucket, query, page) +
      element('Marker', encode(marker)) +
      element('NextMarker', page.next === undefined ? undefined : encode(page.next)),
  )
}

/** All on one page: nobody leaves a thousand behind here. */
export function listUploads(catalog: Catalog, bucket: string, query: URLSearchParams): Answer {
  const prefix = query.get('prefix') ?? ''
  const encode = encoderOf(query)
  const uploads = [...catalog.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(
      ({ key, id, startedMs }) =>
        `<Upload>${element('Key', encode(key))}${element('UploadId', id)}` +
        element('StorageClass', 'STANDARD') +
        `${element('Initiated', new Date(startedMs).toISOString())}</Upload>`,
    )
  return xmlAnswer(
    'ListMultipartUploadsResult',
    element('Bucket', bucket) +
      element('Prefix', encode(prefix)) +
      element('MaxUploads', PAGE_MAX) +
      element('IsTruncated', false) +
      uploads.join(''),
  )
}

function listPage(catalog: Catalog, query: URLSearchParams, after: string | undefined): Page {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const max = Math.min(PAGE_MAX, Number(query.get('max-keys') ?? PAGE_MAX))
  const keys = catalog.keys()
  const objects: ObjectRecord[] = []
  const prefixes: string[] = []
  let last: string | undefined
  const first = Math.max(firstFrom(keys, prefix), firstAfter(keys, after ?? ''))
  for (let at = first; at < keys.length; at += 1) {
    const key = keys[at] ?? ''
    if (!key.startsWith(prefix)) break
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length)
    if (common !== undefined && (common === prefixes.at(-1) || common === after)) continue
    if (objects.length + prefixes.length === max) return { objects, prefixes, next: last }
    const object = catalog.get(key)
    if (common !== undefined) prefixes.push(common)
    else if (object !== undefined) objects.push(object)
    last = common ?? key
  }
  return { objects, prefixes, next: undefined }
}

/** Index of the first key behind `after`. */
function firstAfter(keys: readonly string[], after: string): number {
  return firstOf(keys, (key) => key > after)
}

/** Index of the first key that is `place`, or behind it. */
function firstFrom(keys: readonly string[], place: string): number {
  return firstOf(keys, (key) => key >= place)
}

/** Index of the first key that is, where all behind it are. */
function firstOf(keys: readonly string[], is: (key: string) => boolean): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (is(keys[middle] ?? '')) high = middle
    else low = middle + 1
  }
  return low
}

function commonElements(bucket: string, query: URLSearchParams, page: Page): string {
  const encode = encoderOf(query)
  const delimiter = query.get('delimiter')
  const contents = page.objects.map(
    ({ key, size, etag, modifiedMs }) =>
      `<Contents>${element('Key', encode(key))}` +
      `${element('LastModified', new Date(modifiedMs).toISOString())}${element('ETag', etag)}` +
      `${element('Size', size)}${element('StorageClass', 'STANDARD')}</Contents>`,
  )
  const prefixes = page.prefixes.map(
    (prefix) => `<CommonPrefixes>${element('Prefix', encode(prefix))}</CommonPrefixes>`,
  )
  return (
    element('Name', bucket) +
    element('Prefix', encode(query.get('prefix') ?? '')) +
    element('Delimiter', delimiter === null ? undefined : encode(delimiter)) +
    element('MaxKeys', Math.min(PAGE_MAX, Number(query.get('max-keys') ?? PAGE_MAX))) +
    element('EncodingType', query.get('encoding-type') ?? undefined) +
    element('IsTruncated', page.next !== undefined) +
    contents.join('') +
    prefixes.join('')
  )
}

/** Keys are percent-encoded where the client asked for it; slashes stay. */
function encoderOf(query: URLSearchParams): (text: string) => string {
  if (query.get('encoding-type') !== 'url') return (text) => text
  return (text) => encodeURIComponent(text).replaceAll('%2F', '/')
}
