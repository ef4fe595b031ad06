/**
 * What becomes of each thing that objects have beside their bytes, in the words of a report.
 */

import type { ObjectInfo } from '../store/object-store.ts'
import type { StoreProfile } from '../store/profiles.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import { STANDARD } from '../store/storage-classes.ts'
import { keepsNoAcls, saysAcl } from '../transfer/copy-acl.ts'
import type { Carried } from '../transfer/copy-carry.ts'
import { takesClass } from '../transfer/copy-class.ts'
import type { AclsLooked } from './acls.ts'

export type Aspect =
  | 'metadata'
  | 'headers'
  | 'tags'
  | 'storageClass'
  | 'acl'
  | 'encryption'
  | 'objectLock'
  | 'websiteRedirect'
  | 'metadataBeyondHeaders'
  | 'versions'

export interface AspectReport {
  readonly aspect: Aspect
  /** How many of the sample have it; `undefined` where nobody was asked, or could be. */
  readonly found: number | undefined
  readonly fate: 'carried' | 'set' | 'lost' | 'refused'
  /** One sentence. */
  readonly note: string
}

/** What is said of each copy. */
export interface CopyWishes {
  readonly carry?: readonly Carried[] | undefined
  readonly [option: string]: unknown
}

export interface Looked {
  readonly infos: readonly ObjectInfo[]
  /** Whether the bucket keeps older versions. */
  readonly versions: boolean | undefined
  /** Whether all of them are copied. */
  readonly isOfVersions: boolean
  /** Of all that was listed. */
  readonly storageClasses: Readonly<Record<string, number>>
  /** `undefined` where they are not to be carried, so that nobody asked. */
  readonly acls: AclsLooked | undefined
  /** Whether the bucket of the destination may have any. */
  readonly takesAcls: boolean
}

const HEADERS = ['cacheControl', 'contentDisposition', 'contentLanguage', 'expires'] as const

/** @param profile of the destination */
export function aspectsOf(
  looked: Looked,
  each: CopyWishes,
  profile: StoreProfile,
): readonly AspectReport[] {
  const { infos } = looked
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
    classReport(looked, each, profile),
    aclReport(looked, each, profile),
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
    versionsReport(looked),
  ]
}

function versionsReport({ versions, isOfVersions }: Looked): AspectReport {
  const found = versions === undefined ? undefined : Number(versions)
  const note = isOfVersions
    ? 'All are copied in their order, and markers of removal too.'
    : 'Current versions are copied; older ones and markers of removal stay behind.'
  return { aspect: 'versions', found, fate: isOfVersions ? 'carried' : 'lost', note }
}

function classReport(
  { infos, storageClasses }: Looked,
  { storageClass, carry = [] }: CopyWishes,
  profile: StoreProfile,
): AspectReport {
  const aspect = 'storageClass'
  const found = infos.filter((info) => (info.storageClass ?? STANDARD) !== STANDARD).length
  if (storageClass !== undefined) {
    return { aspect, found, fate: 'set', note: 'The options say it of all copies.' }
  }
  if (!carry.includes(aspect)) {
    const note = "Copies are STANDARD: `carry: ['storageClass']` takes over the class of each."
    return { aspect, found, fate: 'lost', note }
  }
  const foreign = Object.keys(storageClasses).filter((name) => !takesClass(profile, name))
  if (foreign.length === 0) {
    return { aspect, found, fate: 'carried', note: 'Copies have what their sources have.' }
  }
  const note = `${profile.title} has no ${foreign.join(', ')}: such objects fail.`
  return { aspect, found, fate: 'refused', note }
}

function aclReport(
  { acls, takesAcls }: Looked,
  each: CopyWishes,
  profile: StoreProfile,
): AspectReport {
  const report = { aspect: 'acl', found: acls?.found } as const
  if (saysAcl(each as ObjectAttributes)) {
    return { ...report, fate: 'set', note: 'The options say it of all copies.' }
  }
  if (each.carry?.includes('acl') !== true) {
    const note = "Copies are their owner's alone: `carry: ['acl']` takes over the ACL of each."
    return { ...report, fate: 'lost', note }
  }
  if (acls?.isSaid === true && !takesAcls) {
    const why = 'The bucket of the destination has ACLs disabled (BucketOwnerEnforced)'
    return { ...report, fate: 'refused', note: `${why}: such objects fail.` }
  }
  if (acls?.isSaid === true && keepsNoAcls(profile)) {
    const note = `${profile.title} keeps no ACLs of objects: such objects fail.`
    return { ...report, fate: 'refused', note }
  }
  if (acls !== undefined && acls.losing > 0) {
    const note = `Copies of ${acls.losing} lose grants: users mean nothing to another identity.`
    return { ...report, fate: 'lost', note }
  }
  return { ...report, fate: 'carried', note: 'Copies have what their sources have.' }
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
