/**
 * Access control lists of objects: a canned one, grant headers or a document → grants, and back. They are
 * kept and told; nobody is let in or kept out by them, since the store knows one account only.
 */

import { OWNER } from './context.ts'
import type { Headers } from './context.ts'
import type { Grant, Grantee, ObjectOwnership } from './model.ts'
import { S3Error } from './s3-error.ts'
import { childText, xmlDocument, type XmlElements, type XmlNode } from './xml.ts'

const GROUPS = 'http://acs.amazonaws.com/groups/'
const ALL_USERS: Grantee = { uri: `${GROUPS}global/AllUsers` }
const AUTHENTICATED_USERS: Grantee = { uri: `${GROUPS}global/AuthenticatedUsers` }
/** Source: S3 User Guide, "Amazon S3 predefined groups". */
const GROUP_URIS = [ALL_USERS.uri, AUTHENTICATED_USERS.uri, `${GROUPS}s3/LogDelivery`]

const OWNER_ID = OWNER['ID'] ?? ''
const OWNERS: Grant = { grantee: { id: OWNER_ID }, permission: 'FULL_CONTROL' }

/** What each gives beside the owner's. Bucket and objects have one owner here. */
const CANNED: ReadonlyMap<string, readonly Grant[]> = new Map([
  ['private', []],
  ['public-read', [{ grantee: ALL_USERS, permission: 'READ' }]],
  [
    'public-read-write',
    [
      { grantee: ALL_USERS, permission: 'READ' },
      { grantee: ALL_USERS, permission: 'WRITE' },
    ],
  ],
  ['authenticated-read', [{ grantee: AUTHENTICATED_USERS, permission: 'READ' }]],
  ['aws-exec-read', []],
  ['bucket-owner-read', []],
  ['bucket-owner-full-control', []],
])

const GRANT_HEADERS: ReadonlyMap<string, string> = new Map([
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
])

const PERMISSIONS = new Set([...GRANT_HEADERS.values(), 'WRITE'])

/**
 * Grants that the headers of a write ask for; `undefined` where they say nothing, which is the owner's.
 *
 * @throws S3Error InvalidArgument, InvalidRequest, UnresolvableGrantByEmailAddress.
 */
export function readGrants(headers: Headers): readonly Grant[] | undefined {
  const canned = headers['x-amz-acl']
  const given = [...GRANT_HEADERS].flatMap(([name, permission]) =>
    grantees(name, headers[name] ?? '').map((grantee) => ({ grantee, permission })),
  )
  if (canned === undefined) return given.length === 0 ? undefined : given
  if (given.length > 0) {
    const message = 'Specifying both Canned ACLs and Header Grants is not allowed'
    throw new S3Error('InvalidRequest', message)
  }
  const more = CANNED.get(canned)
  if (more === undefined) throw invalid('x-amz-acl', canned)
  return [OWNERS, ...more]
}

/** @throws S3Error AccessControlListNotSupported for what a bucket without ACLs does not take. */
export function checkOwnership(ownership: ObjectOwnership | undefined, headers: Headers): void {
  if (ownership !== 'BucketOwnerEnforced') return
  const grants = readGrants(headers)
  if (grants === undefined || headers['x-amz-acl'] === 'bucket-owner-full-control') return
  const isOwners = headers['x-amz-acl'] === undefined && grants.every(isOwnersOwn)
  if (!isOwners) throw new S3Error('AccessControlListNotSupported')
}

function isOwnersOwn({ grantee, permission }: Grant): boolean {
  return grantee.id === OWNER_ID && permission === 'FULL_CONTROL'
}

/** The answer of GetObjectAcl. */
export function aclDocument(grants: readonly Grant[] = [OWNERS]): string {
  const Grant = grants.map(({ grantee, permission }) => ({
    ...granteeElement(grantee),
    Permission: permission,
  }))
  return xmlDocument('AccessControlPolicy', { Owner: OWNER, AccessControlList: { Grant } })
}

function granteeElement({ id, uri }: Grantee): XmlElements {
  const type = id === undefined ? 'Group' : 'CanonicalUser'
  const name = `Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}"`
  return { [name]: id === undefined ? { URI: uri } : { ID: id } }
}

/**
 * Grants of the document of PutObjectAcl.
 *
 * @throws S3Error MalformedACLError, InvalidArgument, AccessDenied for another owner.
 */
export function parseAcl(root: XmlNode): readonly Grant[] {
  const [owner, list] = ['Owner', 'AccessControlList'].map((wanted) =>
    root.children.find(({ name }) => name === wanted),
  )
  if (owner === undefined || list === undefined) throw new S3Error('MalformedACLError')
  if (childText(owner, 'ID') !== OWNER_ID) throw new S3Error('AccessDenied')
  return list.children.map((node) => {
    const who = node.children.find(({ name }) => name === 'Grantee')
    const permission = childText(node, 'Permission') ?? ''
    if (node.name !== 'Grant' || who === undefined || !PERMISSIONS.has(permission)) {
      throw new S3Error('MalformedACLError')
    }
    for (const [kind, element] of KINDS) {
      const value = childText(who, element)
      if (value !== undefined) return { grantee: granteeOf('Grantee', kind, value), permission }
    }
    throw new S3Error('MalformedACLError')
  })
}

/** Of a grantee in a header, and in a document. */
const KINDS = [
  ['id', 'ID'],
  ['uri', 'URI'],
  ['emailAddress', 'EmailAddress'],
] as const

/** `id="…", uri="…"` */
function grantees(header: string, text: string): readonly Grantee[] {
  if (text.trim() === '') return []
  return text.split(',').map((item) => {
    const [, kind = '', value = ''] = /^\s*(\w+)\s*=\s*"?([^"]*)"?\s*$/.exec(item) ?? []
    return granteeOf(header, kind, value)
  })
}

function granteeOf(name: string, kind: string, value: string): Grantee {
  if (kind === 'id' && /^[0-9a-f]{64}$/.test(value)) return { id: value }
  if (kind === 'uri' && GROUP_URIS.includes(value)) return { uri: value }
  if (kind === 'emailAddress') throw new S3Error('UnresolvableGrantByEmailAddress')
  throw invalid(name, value)
}

function invalid(name: string, value: string): S3Error {
  const extra = { ArgumentName: name, ArgumentValue: value }
  return new S3Error('InvalidArgument', undefined, extra)
}
