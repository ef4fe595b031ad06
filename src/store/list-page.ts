/**
 * The answer to ListObjectsV2 → a page. A parser of its own: the SDK takes 10 times the CPU per key,
 * and reads references above U+FFFF wrongly. It believes whole documents only; whether the keys are
 * those that were asked for is looked at in `list-objects.ts`.
 */

import { invalid } from './invalid-answer.ts'
import type { ListedObject } from './object-store.ts'
import { fromUrl, readSize, readTime } from './list-values.ts'
import { XmlBytes } from './xml-bytes.ts'

/** What a page says, before anything of it is compared with the question. */
export interface ParsedPage {
  readonly objects: ListedObject[]
  readonly prefixes: string[]
  readonly isTruncated: boolean
  readonly token: string | undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Names of elements as bytes, compared in place. */
const NAMES = {
  root: Buffer.from('ListBucketResult'),
  contents: Buffer.from('Contents'),
  commonPrefixes: Buffer.from('CommonPrefixes'),
  prefix: Buffer.from('Prefix'),
  isTruncated: Buffer.from('IsTruncated'),
  token: Buffer.from('NextContinuationToken'),
  encodingType: Buffer.from('EncodingType'),
  key: Buffer.from('Key'),
  lastModified: Buffer.from('LastModified'),
  etag: Buffer.from('ETag'),
  size: Buffer.from('Size'),
  storageClass: Buffer.from('StorageClass'),
  checksumAlgorithm: Buffer.from('ChecksumAlgorithm'),
} as const

/**
 * @throws ERR_RESPONSE_INVALID for what is no whole ListBucketResult, does not say whether it goes
 *   on, or has an object without key or size
 */
export function parseListPage(body: Buffer): ParsedPage {
  try {
    return new PageReader(body).read()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw invalid(`The answer is no whole ListBucketResult: ${error.message}.`)
  }
}

class PageReader {
  readonly #xml: XmlBytes
  readonly #objects: Mutable<ListedObject>[] = []
  readonly #prefixes: string[] = []
  #isUrl = false
  #isTruncated: boolean | undefined
  #token: string | undefined
  // The same few on each page: one text each.
  #storageClass = ''
  #algorithms: readonly string[] = ['']

  constructor(body: Buffer) {
    this.#xml = new XmlBytes(body)
  }

  read(): ParsedPage {
    const xml = this.#xml
    xml.enterRoot()
    if (!xml.is(NAMES.root)) throw new SyntaxError('another element')
    const root = xml.inside
    while (xml.next(root)) this.#readElement()
    xml.end()
    if (this.#isTruncated === undefined) {
      throw new SyntaxError('it does not say whether it is truncated')
    }
    // Known only now: the word that keys are encoded may come behind them.
    if (this.#isUrl) {
      for (const object of this.#objects) object.key = fromUrl(object.key)
      for (const [at, prefix] of this.#prefixes.entries()) this.#prefixes[at] = fromUrl(prefix)
    }
    return {
      objects: this.#objects,
      prefixes: this.#prefixes,
      isTruncated: this.#isTruncated,
      token: this.#token === '' ? undefined : this.#token,
    }
  }

  #readElement(): void {
    const xml = this.#xml
    if (xml.is(NAMES.contents)) this.#readObject()
    else if (xml.is(NAMES.commonPrefixes)) this.#readPrefix()
    else if (xml.is(NAMES.isTruncated)) this.#isTruncated = readBoolean(xml.text().trim())
    else if (xml.is(NAMES.token)) this.#token = xml.text()
    else if (xml.is(NAMES.encodingType)) this.#isUrl = xml.text().trim() === 'url'
    else xml.skip()
  }

  #readObject(): void {
    const xml = this.#xml
    const object: Mutable<ListedObject> = {
      key: '',
      size: -1,
      etag: undefined,
      lastModified: undefined,
      storageClass: undefined,
      checksumAlgorithms: undefined,
    }
    const contents = xml.inside
    while (xml.next(contents)) {
      if (xml.is(NAMES.key)) object.key = xml.text()
      else if (xml.is(NAMES.size)) object.size = readSize(xml.text())
      else if (xml.is(NAMES.etag)) object.etag = xml.text() || undefined
      else if (xml.is(NAMES.lastModified)) object.lastModified = readTime(xml.text())
      else if (xml.is(NAMES.storageClass)) object.storageClass = this.#sameClass(xml.text())
      else if (xml.is(NAMES.checksumAlgorithm)) this.#addAlgorithm(object, xml.text())
      else xml.skip()
    }
    if (object.key === '' || object.size === -1)
      throw new SyntaxError('an object without key or size')
    this.#objects.push(object)
  }

  #readPrefix(): void {
    const xml = this.#xml
    const parent = xml.inside
    let prefix = ''
    while (xml.next(parent)) {
      if (xml.is(NAMES.prefix)) prefix = xml.text()
      else xml.skip()
    }
    if (prefix === '') throw new SyntaxError('a common prefix without name')
    this.#prefixes.push(prefix)
  }

  #sameClass(text: string): string {
    if (text !== this.#storageClass) this.#storageClass = text
    return this.#storageClass
  }

  #addAlgorithm(object: Mutable<ListedObject>, name: string): void {
    if (object.checksumAlgorithms !== undefined) {
      object.checksumAlgorithms = [...object.checksumAlgorithms, name]
      return
    }
    if (this.#algorithms[0] !== name) this.#algorithms = [name]
    object.checksumAlgorithms = this.#algorithms
  }
}

function readBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false')
    throw new SyntaxError('IsTruncated is neither true nor false')
  return text === 'true'
}
