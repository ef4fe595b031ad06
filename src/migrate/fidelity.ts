/**
 * What copies of objects will carry and what they will lose, told before the first byte moves: found out
 * by a look at some of the objects.
 */

import { isTransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import { ahead } from '../tree/ahead.ts'
import type { Beginning } from '../tree/beginning.ts'
import type { ObjectEntry } from '../tree/entries.ts'
import type { WantedName } from '../tree/name-list.ts'

/** Objects of the listing, or names, that the sample is taken from. Source: none; ten pages. */
export const LISTED_MAX = 10_000

/** Objects that are looked at. Source: none; enough to find what one in twenty has. */
const SAMPLE = 64

/** Looks at once. Source: none. */
const LOOKS_AHEAD = 16

const STANDARD = 'STANDARD'

export type Aspect =
  | 'metadata'
  | 'headers'
  | 'tags'
  | 'storageClass'
  | 'encryption'
  | 'objectLock'
  | 'websiteRedirect'
  | 'metadataBeyondHeaders'
  | 'versions'

export interface AspectReport {
  readonly aspect: Aspect
  /** How many of the sample have it; `undefined` where nobody could be asked. */
  readonly found: number | undefined
  readonly fate: 'carried' | 'set' | 'lost' | 'refused'
  /** One sentence. */
  readonly note: string
}

export interface Fidelity {
  /** Objects looked at. */
  readonly sample: number
  /** Objects in the part of the listing, or of the list, that was looked at, and whether that is all. */
  readonly listed: number
  readonly isAll: boolean
  /** `undefined` of a list that does not say how large each is. */
  readonly bytesListed: number | undefined
  /** Of what was listed; of a list, of the sample. */
  readonly storageClasses: Readonly<Record<string, number>>
  readonly aspects: readonly AspectReport[]
}

/** What copies are made of, as far as it is known before any is made. */
export interface Listed {
  readonly keys: readonly string[]
  readonly isAll: boolean
  readonly bytes: number | undefined
  /** `undefined` where only the objects themselves tell. */
  readonly storageClasses: Readonly<Record<string, number>> | undefined
}

export interface FidelityQuestion {
  readonly source: Pick<ObjectStore, 'head' | 'versioning'>
  readonly bucket: string
  readonly listed: Listed
  /** Of requests that only look. */
  readonly attributes: RequestAttributes
  /** What is said of each copy. */
  readonly each: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal
}

/** The first of a listing. @throws what it throws */
export async function listedOf(entries: AsyncIterable<ObjectEntry>): Promise<Listed> {
  const classes: Record<string, number> = {}
  const keys: string[] = []
  let [bytes, isAll] = [0, true]
  for await (const { key, size, storageClass = STANDARD } of entries) {
    if (keys.length === LISTED_MAX) {
      isAll = false
      break
    }
    bytes += size
    classes[storageClass] = (classes[storageClass] ?? 0) + 1
    keys.push(key)
  }
  return { keys, isAll, bytes, storageClasses: classes }
}

/** The first of a list of names. */
export function listedNames(
  { items, isAll }: Pick<Beginning<WantedName>, 'items' | 'isAll'>,
  prefix: string,
): Listed {
  let bytes: number | undefined = 0
  for (const { size } of items) {
    bytes = bytes === undefined || size === undefined ? undefined : bytes + size
  }
  const keys = items.map(({ name }) => prefix + name)
  return { keys, isAll, bytes, storageClasses: undefined }
}

/** @throws what a HEAD throws: rights that are missing are told before a byte moves */
export async function assessFidelity(question: FidelityQuestion): Promise<Fidelity> {
  const { source, bucket, attributes, signal, listed } = question
  const { keys, isAll, bytes, storageClasses } = listed
  const infos: ObjectInfo[] = []
  let refusal: unknown
  const look = async (key: string): Promise<ObjectInfo | undefined> => {
    try {
      return await source.head({ bucket, key }, { attributes, signal })
    } catch (error) {
      // Removed since it was listed.
      if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return undefined
      // Who may not list is told nothing else of what is not there.
      const isOfList = storageClasses === undefined
      if (!isOfList || !isTransferError(error) || error.code !== 'ERR_ACCESS_DENIED') throw error
      refusal ??= error
      return undefined
    }
  }
  for await (const info of ahead(spread(keys), LOOKS_AHEAD, look)) {
    if (info !== undefined) infos.push(info)
  }
  if (infos.length === 0 && refusal !== undefined) throw refusal
  const versioning = await source.versioning(bucket, { signal }).catch(() => undefined)
  const versions = versioning && versioning !== 'never'
  return {
    sample: infos.length,
    listed: keys.length,
    isAll,
    bytesListed: bytes,
    storageClasses: storageClasses ?? classesOf(infos),
    aspects: aspectsOf(infos, question.each, versions),
  }
}

function classesOf(infos: readonly ObjectInfo[]): Readonly<Record<string, number>> {
  const classes: Record<string, number> = {}
  for (const { storageClass = STANDARD } of infos) {
    classes[storageClass] = (classes[storageClass] ?? 0) + 1
  }
  return classes
}

async function* spread(keys: readonly string[]): AsyncGenerator<string> {
  const step = Math.max(1, keys.length / SAMPLE)
  for (let at = 0; at < keys.length; at += step) yield keys[Math.floor(at)] as string
}

const HEADERS = ['cacheControl', 'contentDisposition', 'contentLanguage', 'expires'] as const

function aspectsOf(
  infos: readonly ObjectInfo[],
  each: Readonly<Record<string, unknown>>,
  versions: boolean | undefined,
): readonly AspectReport[] {
  const count = (has: (info: ObjectInfo) => boolean): number => infos.filter(has).length
  const isSaid = (...names: readonly string[]): boolean =>
    names.some((name) => each[name] !== undefined)
  const carried = (aspect: Aspect, found: number, ...names: readonly string[]): AspectReport =>
    isSaid(...names)
      ? { aspect, found, fate: 'set', note: 'The options say it, instead of the source.' }
      : { aspect, found, fate: 'carried', note: 'Copies have what their sources have.' }
  const lost = (
    aspect: Aspect,
    found: number | undefined,
    note: string,
    ...names: readonly string[]
  ): AspectReport =>
    isSaid(...names)
      ? { aspect, found, fate: 'set', note: 'The options say it of all copies.' }
      : { aspect, found, fate: 'lost', note }
  return [
    carried('metadata', count(hasMetadata), 'metadata'),
    carried('headers', count(hasHeaders), ...HEADERS),
    carried(
      'tags',
      count((info) => (info.described?.tagCount ?? 0) > 0),
      'tags',
    ),
    carried(
      'websiteRedirect',
      count((info) => info.described?.websiteRedirectLocation !== undefined),
      'websiteRedirectLocation',
    ),
    lost(
      'storageClass',
      count((info) => (info.storageClass ?? STANDARD) !== STANDARD),
      'Copies are STANDARD, unless `storageClass` says another.',
      'storageClass',
    ),
    lost(
      'encryption',
      count((info) => (info.serverSideEncryption ?? 'AES256') !== 'AES256'),
      'Copies are encrypted as the bucket of the destination has it, unless the options say how.',
      'serverSideEncryption',
      'sseCustomerKey',
    ),
    lost(
      'objectLock',
      count(hasLock),
      'Copies have the default retention of their bucket; holds are not taken over.',
      'objectLockMode',
      'objectLockLegalHold',
    ),
    {
      aspect: 'metadataBeyondHeaders',
      found: count((info) => (info.described?.missingMetadata ?? 0) > 0),
      fate: isSaid('metadata') ? 'set' : 'refused',
      note: 'No header can say it: such objects fail, unless `metadata` says another.',
    },
    {
      aspect: 'versions',
      found: versions === undefined ? undefined : Number(versions),
      fate: 'lost',
      note: 'Current versions are copied; older ones and markers of removal stay behind.',
    },
  ]
}

function hasMetadata({ metadata }: ObjectInfo): boolean {
  return Object.keys(metadata).length > 0
}

function hasHeaders({ described, contentEncoding }: ObjectInfo): boolean {
  return contentEncoding !== undefined || HEADERS.some((name) => described?.[name] !== undefined)
}

function hasLock({ described }: ObjectInfo): boolean {
  return described?.objectLockMode !== undefined || described?.objectLockLegalHold === true
}
