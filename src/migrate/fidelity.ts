/**
 * What copies of objects will carry and what they will lose, told before the first byte moves: found out
 * by a look at some of the objects.
 */

import { isTransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import { ahead } from '../tree/ahead.ts'
import { countClass, STANDARD, type Listed, type ListedRef } from './listed.ts'

/** Objects that are looked at. Source: none; enough to find what one in twenty has. */
const SAMPLE = 64

/** Looks at once. Source: none. */
const LOOKS_AHEAD = 16

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

/** @throws what a HEAD throws: rights that are missing are told before a byte moves */
export async function assessFidelity(question: FidelityQuestion): Promise<Fidelity> {
  const { source, bucket, attributes, signal, listed } = question
  const { objects, isAll, bytes, storageClasses } = listed
  const infos: ObjectInfo[] = []
  let refusal: unknown
  const look = async (object: ListedRef): Promise<ObjectInfo | undefined> => {
    try {
      return await source.head({ bucket, ...object }, { attributes, signal })
    } catch (error) {
      // Removed since it was listed.
      if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return undefined
      // Who may not list is told nothing else of what is not there.
      const isRefusal = isTransferError(error) && error.code === 'ERR_ACCESS_DENIED'
      if (!listed.isOfNames || !isRefusal) throw error
      refusal ??= error
      return undefined
    }
  }
  for await (const info of ahead(spread(objects), LOOKS_AHEAD, look)) {
    if (info !== undefined) infos.push(info)
  }
  if (infos.length === 0 && refusal !== undefined) throw refusal
  const versioning = await source.versioning(bucket, { signal }).catch(() => undefined)
  const versions = versioning && versioning !== 'never'
  return {
    sample: infos.length,
    listed: objects.length,
    isAll,
    bytesListed: bytes,
    storageClasses: storageClasses ?? classesOf(infos),
    aspects: [...aspectsOf(infos, question.each), versionsOf(versions, listed)],
  }
}

function classesOf(infos: readonly ObjectInfo[]): Readonly<Record<string, number>> {
  const classes: Record<string, number> = {}
  for (const { storageClass } of infos) countClass(classes, storageClass)
  return classes
}

async function* spread(objects: readonly ListedRef[]): AsyncGenerator<ListedRef> {
  const step = Math.max(1, objects.length / SAMPLE)
  for (let at = 0; at < objects.length; at += step) yield objects[Math.floor(at)] as ListedRef
}

function versionsOf(has: boolean | undefined, { isOfVersions }: Listed): AspectReport {
  const found = has === undefined ? undefined : Number(has)
  return isOfVersions
    ? {
        aspect: 'versions',
        found,
        fate: 'carried',
        note: 'All are copied in their order, and markers of removal too.',
      }
    : {
        aspect: 'versions',
        found,
        fate: 'lost',
        note: 'Current versions are copied; older ones and markers of removal stay behind.',
      }
}

const HEADERS = ['cacheControl', 'contentDisposition', 'contentLanguage', 'expires'] as const

function aspectsOf(
  infos: readonly ObjectInfo[],
  each: Readonly<Record<string, unknown>>,
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
