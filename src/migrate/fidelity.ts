/**
 * What copies of objects will carry and what they will lose, told before the first byte moves: found out
 * by a look at some of the objects.
 */

import { isTransferError } from '../errors.ts'
import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import { ahead } from '../tree/ahead.ts'
import type { StoreSide } from '../tree/sides.ts'
import { lookAtAcls, type AclsLooked } from './acls.ts'
import { aspectsOf, type AspectReport, type CopyWishes } from './aspects.ts'
import { estimate, workListed, type Estimate, type ListedSums, type Pace } from './estimate.ts'
import { countClass, type Listed, type ListedRef } from './listed.ts'
import { probeSource, type Probed, type ProbeQuestion } from './probe.ts'
import { withRight } from './rights.ts'

/** Objects that are looked at. Source: none; enough to find what one in twenty has. */
const SAMPLE = 64

/** Looks at once. Source: none. */
const LOOKS_AHEAD = 16

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
  /** Of all that was listed, as if nothing were there yet; `undefined` without `probe`. */
  readonly estimate: Estimate | undefined
}

export interface FidelityQuestion {
  readonly source: Pick<ObjectStore, 'head' | 'versioning' | 'acl'>
  readonly destination: Pick<ObjectStore, 'settings' | 'allowsAcls'>
  readonly from: StoreSide
  readonly to: StoreSide
  readonly isOneIdentity: boolean
  /** What the sample is taken from. */
  readonly list: () => Promise<Listed>
  /** The right that takes. */
  readonly action: string
  /** Of requests that only look at the source. */
  readonly attributes: RequestAttributes
  /** What is said of each copy. */
  readonly each: CopyWishes
  /** How fast it may be; `undefined` if nobody wants to know. */
  readonly probing: Probing | undefined
  readonly signal: AbortSignal
}

/** What it takes to find out how long copies may take. */
export interface Probing extends Omit<ProbeQuestion, 'sample'> {
  readonly pace: Pace
}

/** @throws what the listing and a HEAD throw: rights that are missing are told before a byte moves */
export async function assessFidelity(question: FidelityQuestion): Promise<Fidelity> {
  const { source, destination, from, each, action, signal } = question
  const looked = await withRight(rightOf(from, action), () => lookAtSource(question))
  const { sample, isOfVersions, ...sums } = looked
  const versioning = await source.versioning(from.bucket, { signal }).catch(() => undefined)
  const versions = versioning && versioning !== 'never'
  const infos = sample.map(({ info }) => info)
  const { storageClasses } = sums
  const { profile } = await destination.settings()
  const acls = await lookedAcls(question, sample)
  const takesAcls = acls?.isSaid === true ? await allowsAcls(question) : true
  const found = { infos, versions, isOfVersions, storageClasses, acls, takesAcls }
  return {
    sample: infos.length,
    ...sums,
    aspects: aspectsOf(found, each, profile),
    estimate: await estimated(question, sample, sums),
  }
}

async function estimated(
  { probing, each }: FidelityQuestion,
  sample: readonly Probed[],
  listed: ListedSums,
): Promise<Estimate | undefined> {
  if (probing === undefined) return undefined
  const probe = await probeSource({ ...probing, sample })
  const asksAcls = each.carry?.includes('acl') === true
  return estimate(workListed(listed, asksAcls), probing.pace, probe)
}

interface SourceLook extends Omit<Fidelity, 'sample' | 'aspects' | 'estimate'> {
  readonly sample: readonly Probed[]
  readonly isOfVersions: boolean
}

async function lookAtSource(question: FidelityQuestion): Promise<SourceLook> {
  const { source, from, attributes, list, signal } = question
  const { now = () => 0 } = question.probing ?? {}
  const listed = await list()
  const { objects, isAll, bytes: bytesListed, isOfNames = false, isOfVersions = false } = listed
  const sample: Probed[] = []
  let refusal: unknown
  const look = async (ref: ListedRef): Promise<Probed | undefined> => {
    const object = { bucket: from.bucket, ...ref }
    const startedAt = now()
    try {
      const info = await source.head(object, { attributes, signal })
      return { object, info, headMs: now() - startedAt }
    } catch (error) {
      // Removed since it was listed.
      if (isTransferError(error) && error.code === 'ERR_OBJECT_NOT_FOUND') return undefined
      // Who may not list is told nothing else of what is not there.
      const isRefusal = isTransferError(error) && error.code === 'ERR_ACCESS_DENIED'
      if (!isOfNames || !isRefusal) throw error
      refusal ??= error
      return undefined
    }
  }
  for await (const looked of ahead(spread(objects), LOOKS_AHEAD, look)) {
    if (looked !== undefined) sample.push(looked)
  }
  if (sample.length === 0 && refusal !== undefined) throw refusal
  const storageClasses = listed.storageClasses ?? classesOf(sample.map(({ info }) => info))
  return { sample, listed: objects.length, isAll, bytesListed, storageClasses, isOfVersions }
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

/**
 * Asked for only where they are to be carried: that takes a right, and a store that knows no such request may
 * answer with the object.
 */
async function lookedAcls(
  question: FidelityQuestion,
  sample: readonly Probed[],
): Promise<AclsLooked | undefined> {
  if (question.each.carry?.includes('acl') !== true) return undefined
  const objects = sample.map(({ object }) => object)
  return withRight(rightOf(question.from, 's3:GetObjectAcl'), () =>
    lookAtAcls({ ...question, objects, looksAhead: LOOKS_AHEAD }),
  )
}

/** Where nobody may ask, or there is no such setting, the first write tells. */
function allowsAcls({ destination, to, signal }: FidelityQuestion): Promise<boolean> {
  return destination.allowsAcls(to.bucket, { signal }).catch(() => true)
}

function rightOf({ bucket, prefix }: StoreSide, action: string): Parameters<typeof withRight>[0] {
  return { side: 'source', action, where: `s3://${bucket}/${prefix}` }
}
