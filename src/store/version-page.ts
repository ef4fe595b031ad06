/**
 * The answer to ListObjectVersions → a page, in the order of the document: versions and delete markers lie
 * between each other there, newest first, and nothing else tells which came first. The SDK sorts them apart.
 */

import { invalid } from './invalid-answer.ts'
import { fromUrl, readSize, readTime } from './list-values.ts'
import type { ListedVersion, VersionMarker } from './listed.ts'
import { XmlBytes } from './xml-bytes.ts'

/** What a page says, before anything of it is compared with the question. */
export interface ParsedVersions {
  readonly versions: readonly ListedVersion[]
  readonly isTruncated: boolean
  readonly next: VersionMarker | undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const NAMES = {
  root: Buffer.from('ListVersionsResult'),
  version: Buffer.from('Version'),
  marker: Buffer.from('DeleteMarker'),
  isTruncated: Buffer.from('IsTruncated'),
  nextKey: Buffer.from('NextKeyMarker'),
  nextVersion: Buffer.from('NextVersionIdMarker'),
  encodingType: Buffer.from('EncodingType'),
  key: Buffer.from('Key'),
  versionId: Buffer.from('VersionId'),
  isLatest: Buffer.from('IsLatest'),
  lastModified: Buffer.from('LastModified'),
  etag: Buffer.from('ETag'),
  size: Buffer.from('Size'),
} as const

/** @throws ERR_RESPONSE_INVALID for what is no whole ListVersionsResult */
export function parseVersionPage(body: Buffer): ParsedVersions {
  try {
    return readPage(new XmlBytes(body))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw invalid(`The answer is no whole ListVersionsResult: ${error.message}.`)
  }
}

function readPage(xml: XmlBytes): ParsedVersions {
  xml.enterRoot()
  if (!xml.is(NAMES.root)) throw new SyntaxError('another element')
  const root = xml.inside
  const versions: Mutable<ListedVersion>[] = []
  let [isUrl, isTruncated, nextKey, nextVersion] = [false, '', '', '']
  while (xml.next(root)) {
    if (xml.is(NAMES.version)) versions.push(readVersion(xml, false))
    else if (xml.is(NAMES.marker)) versions.push(readVersion(xml, true))
    else if (xml.is(NAMES.isTruncated)) isTruncated = xml.text().trim()
    else if (xml.is(NAMES.nextKey)) nextKey = xml.text()
    else if (xml.is(NAMES.nextVersion)) nextVersion = xml.text()
    else if (xml.is(NAMES.encodingType)) isUrl = xml.text().trim() === 'url'
    else xml.skip()
  }
  xml.end()
  if (isTruncated !== 'true' && isTruncated !== 'false') {
    throw new SyntaxError('it does not say whether it is truncated')
  }
  // Known only now: the word that keys are encoded may come behind them.
  const plain = (text: string): string => (isUrl ? fromUrl(text) : text)
  for (const version of versions) version.key = plain(version.key)
  const next = nextKey === '' ? undefined : { key: plain(nextKey), versionId: nextVersion }
  return { versions, isTruncated: isTruncated === 'true', next }
}

function readVersion(xml: XmlBytes, isMarker: boolean): Mutable<ListedVersion> {
  const version: Mutable<ListedVersion> = {
    key: '',
    versionId: 'null',
    isLatest: false,
    isMarker,
    size: isMarker ? 0 : -1,
    etag: undefined,
    lastModified: undefined,
  }
  let isLatest = ''
  const element = xml.inside
  while (xml.next(element)) {
    if (xml.is(NAMES.key)) version.key = xml.text()
    else if (xml.is(NAMES.versionId)) version.versionId = xml.text() || 'null'
    else if (xml.is(NAMES.isLatest)) isLatest = xml.text().trim()
    else if (xml.is(NAMES.size) && !isMarker) version.size = readSize(xml.text())
    else if (xml.is(NAMES.etag) && !isMarker) version.etag = xml.text() || undefined
    else if (xml.is(NAMES.lastModified)) version.lastModified = readTime(xml.text())
    else xml.skip()
  }
  if (version.key === '' || version.size === -1) throw new SyntaxError('one without key or size')
  if (isLatest !== 'true' && isLatest !== 'false') throw new SyntaxError('one without IsLatest')
  version.isLatest = isLatest === 'true'
  return version
}
