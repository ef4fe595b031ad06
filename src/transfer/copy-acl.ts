/**
 * The ACL of a source in the words of a write, so that a copy never is without it. Where ids of accounts
 * mean nothing, grants to users are lost, and counted.
 */

import { isTransferError, TransferError, type ErrorContext } from '../errors.ts'
import type { ObjectAttributes } from '../store/attributes.ts'
import type { AccessGrant, AccessList } from '../store/copy-calls.ts'
import type { StoreProfile } from '../store/profiles.ts'

const GLOBAL = 'http://acs.amazonaws.com/groups/global/'
const ALL_USERS = `${GLOBAL}AllUsers`
const AUTHENTICATED_USERS = `${GLOBAL}AuthenticatedUsers`

/** Permissions of objects; WRITE is one of buckets, and means nothing here. */
const GRANT_ATTRIBUTES = {
  FULL_CONTROL: 'grantFullControl',
  READ: 'grantRead',
  READ_ACP: 'grantReadAcp',
  WRITE_ACP: 'grantWriteAcp',
} as const satisfies Record<string, keyof ObjectAttributes>

const ACL_ATTRIBUTES = ['acl', ...Object.values(GRANT_ATTRIBUTES)] as const

/** An ACL as it is said. */
export interface SaidAcl {
  /** Nothing for an ACL that is the owner's alone: that is what every object has. */
  readonly attributes: ObjectAttributes
  /** Grants that cannot be said. */
  readonly lost: number
}

/** Whether the caller says the ACL of a copy. */
export function saysAcl(given: ObjectAttributes): boolean {
  return ACL_ATTRIBUTES.some((name) => given[name] !== undefined)
}

/**
 * A canned ACL wherever one says it, since that gives the copy's own owner full control.
 * @param isOneIdentity whether source and copy have one owner, and ids of users mean the same at both
 */
export function sayAcl({ ownerId, grants }: AccessList, isOneIdentity: boolean): SaidAcl {
  const isOwners = ({ grantee }: AccessGrant): boolean =>
    grantee.kind === 'user' && grantee.name === ownerId
  const meant = grants.filter(({ permission }) => Object.hasOwn(GRANT_ATTRIBUTES, permission))
  const others = meant.filter((grant) => !isOwners(grant))
  if (others.length === 0) return { attributes: {}, lost: 0 }
  const acl = cannedOf(others)
  const uncovered = others.filter((grant) => !isCovered(grant, acl))
  const isWhole = uncovered.length === 0
  if (acl !== undefined && (isWhole || !isOneIdentity)) {
    return { attributes: { acl }, lost: uncovered.length }
  }
  return isOneIdentity
    ? { attributes: grantHeaders(meant), lost: 0 }
    : { attributes: {}, lost: others.length }
}

/** The canned ACL that gives most of it and nothing beyond. */
function cannedOf(grants: readonly AccessGrant[]): string | undefined {
  const mayRead = (uri: string): boolean =>
    grants.some(({ grantee, permission }) => {
      const reads = permission === 'READ' || permission === 'FULL_CONTROL'
      return grantee.kind === 'group' && grantee.name === uri && reads
    })
  if (mayRead(ALL_USERS)) return 'public-read'
  return mayRead(AUTHENTICATED_USERS) ? 'authenticated-read' : undefined
}

function isCovered({ grantee, permission }: AccessGrant, acl: string | undefined): boolean {
  if (grantee.kind !== 'group' || permission !== 'READ') return false
  const covered = acl === 'public-read' ? [ALL_USERS, AUTHENTICATED_USERS] : [AUTHENTICATED_USERS]
  return acl !== undefined && covered.includes(grantee.name)
}

const KINDS = { user: 'id', group: 'uri', email: 'emailAddress' } as const

function grantHeaders(grants: readonly AccessGrant[]): ObjectAttributes {
  const said = Object.entries(GRANT_ATTRIBUTES).map(([permission, name]) => {
    const grantees = grants
      .filter((grant) => grant.permission === permission)
      .map(({ grantee }) => `${KINDS[grantee.kind]}="${grantee.name}"`)
    return [name, grantees.length === 0 ? undefined : grantees.join(', ')] as const
  })
  return Object.fromEntries(said.filter(([, value]) => value !== undefined))
}

/** Whether objects of a destination are known to have no ACLs of their own. */
export function keepsNoAcls({ habits }: Pick<StoreProfile, 'habits'>): boolean {
  return habits.missing.includes('PutObjectAcl')
}

/** A write that failed since it was to bear the ACL of its source, in words that say so. */
export function explainedAcl(error: unknown): unknown {
  if (!isTransferError(error)) return error
  const { storeCode } = error.context
  if (storeCode === 'AccessControlListNotSupported') {
    const why = 'the bucket of the destination has ACLs disabled (BucketOwnerEnforced)'
    return aclRefused(why, error.context, error)
  }
  if (error.code !== 'ERR_ACCESS_DENIED') return error
  const message =
    `${error.message} The copy was to have the ACL of its source, which takes s3:PutObjectAcl, ` +
    'and for a public one a bucket that does not block such.'
  return new TransferError(error.code, message, error.context, { cause: error })
}

export function aclRefused(why: string, context: ErrorContext, cause?: unknown): TransferError {
  const message =
    `The ACL of the source cannot be carried, ${why}: ` +
    "say `acl` of the copy, or leave 'acl' out of `carry`."
  return new TransferError('ERR_REQUEST_REFUSED', message, context, { cause })
}
