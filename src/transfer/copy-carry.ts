/**
 * What of its source a copy is given on demand: what no store copies by itself, and not every destination
 * takes. It is said of the copy as if the caller had said it; what the caller does say goes first.
 */

import { isTransferError } from '../errors.ts'
import type { ObjectAttributes, RequestAttributes } from '../store/attributes.ts'
import type { AccessList } from '../store/copy-calls.ts'
import type { ObjectInfo, ObjectStore } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import { aclRefused, explainedAcl, keepsNoAcls, sayAcl, saysAcl } from './copy-acl.ts'
import { carriedClass, explainedClass } from './copy-class.ts'
import type { TransferRun } from './transfer-run.ts'

/** What may be asked for. */
export const CARRIED = ['storageClass', 'acl'] as const

export type Carried = (typeof CARRIED)[number]

export interface CarriedOver {
  /** All that is said of the copy. */
  readonly attributes: ObjectAttributes
  /** Whether its class, or its ACL, is there for the sake of the source. */
  readonly hasClass: boolean
  readonly hasAcl: boolean
  /** Grants that could not be said; `undefined` where nobody asked for them. */
  readonly grantsLost: number | undefined
}

interface Wish {
  readonly from: ObjectRef
  readonly given: ObjectAttributes
  readonly carry: readonly Carried[]
  readonly sourceAttributes: RequestAttributes
}

/** @throws ERR_REQUEST_REFUSED for what the destination is known not to take */
export async function carryOver(
  run: TransferRun,
  { from, given, carry, sourceAttributes }: Wish,
  info: ObjectInfo,
): Promise<CarriedOver> {
  if (carry.length === 0) {
    return { attributes: given, hasClass: false, hasAcl: false, grantsLost: undefined }
  }
  const { context, env, signal } = run
  const { profile } = await env.store.settings()
  const classed = carry.includes('storageClass')
    ? carriedClass(given, info, profile, context)
    : given
  const hasClass = classed !== given
  if (!carry.includes('acl') || saysAcl(given)) {
    return { attributes: classed, hasClass, hasAcl: false, grantsLost: undefined }
  }
  const object = info.versionId === undefined ? from : { ...from, versionId: info.versionId }
  const list = await aclOf(env.source, object, { signal, attributes: sourceAttributes })
  const said = sayAcl(list, env.isOneIdentity)
  const hasAcl = saysAcl(said.attributes)
  if (hasAcl && keepsNoAcls(profile)) {
    throw aclRefused(`${profile.title} keeps none of objects`, context)
  }
  const attributes = hasAcl ? { ...classed, ...said.attributes } : classed
  return { attributes, hasClass, hasAcl, grantsLost: said.lost }
}

/** A store that knows no ACLs has nothing to take over. */
export async function aclOf(
  store: Pick<ObjectStore, 'acl'>,
  object: ObjectRef,
  options: Parameters<ObjectStore['acl']>[1],
): Promise<AccessList> {
  try {
    return await store.acl(object, options)
  } catch (error) {
    if (isTransferError(error) && error.code === 'ERR_NOT_SUPPORTED') {
      return { ownerId: undefined, grants: [] }
    }
    throw error
  }
}

/** Writes that say what an object is to be. */
const WRITES: readonly unknown[] = ['PutObject', 'CopyObject', 'CreateMultipartUpload']

/** A failure that is due to what is carried, in words that say so; any other as it is. */
export function explainedCarry(
  error: unknown,
  info: ObjectInfo,
  carried: CarriedOver | undefined,
): unknown {
  const told = explainedClass(error, info, carried?.hasClass === true)
  const isWrite = isTransferError(error) && WRITES.includes(error.context.operation)
  return isWrite && carried?.hasAcl === true ? explainedAcl(told) : told
}
