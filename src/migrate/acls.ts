/**
 * What of the ACLs of some objects their copies would have.
 */

import type { RequestAttributes } from '../store/attributes.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { ObjectRef } from '../store/types.ts'
import { sayAcl, saysAcl } from '../transfer/copy-acl.ts'
import { aclOf } from '../transfer/copy-carry.ts'
import { ahead } from '../tree/ahead.ts'

/** Sums over some objects. */
export interface AclsLooked {
  /** Objects with an ACL that is not their owner's alone. */
  readonly found: number
  /** Of these, how many lose a grant. */
  readonly losing: number
  /** Whether something of an ACL is to be said of a copy. */
  readonly isSaid: boolean
}

export interface AclQuestion {
  readonly source: Pick<ObjectStore, 'acl'>
  readonly objects: readonly ObjectRef[]
  readonly isOneIdentity: boolean
  /** Of requests that only look. */
  readonly attributes: RequestAttributes
  readonly looksAhead: number
  readonly signal: AbortSignal
}

/** @throws ERR_ACCESS_DENIED and whatever else keeps ACLs from being asked for */
export async function lookAtAcls(question: AclQuestion): Promise<AclsLooked> {
  const { source, objects, isOneIdentity, attributes, looksAhead, signal } = question
  async function* all(): AsyncGenerator<ObjectRef> {
    yield* objects
  }
  const look = async (object: ObjectRef) =>
    sayAcl(await aclOf(source, object, { attributes, signal }), isOneIdentity)
  let [found, losing, isSaid] = [0, 0, false]
  for await (const { attributes: said, lost } of ahead(all(), looksAhead, look)) {
    if (saysAcl(said)) isSaid = true
    if (lost > 0) losing += 1
    if (saysAcl(said) || lost > 0) found += 1
  }
  return { found, losing, isSaid }
}
