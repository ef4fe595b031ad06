/** ACLs of objects, and whether a bucket has any: get, put, delete. */

import { aclDocument, checkOwnership, parseAcl, readGrants } from '../acl.ts'
import { xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { receiveXml } from '../intake.ts'
import { isOwnership } from '../model.ts'
import type { ObjectVersion } from '../model.ts'
import { S3Error } from '../s3-error.ts'
import { childText, xmlDocument } from '../xml.ts'
import { resolveVersion, versionIdHeader } from './versions.ts'

export function getObjectAcl(store: StoreContext, request: S3Request): Answer {
  const version = find(store, request)
  const { ownership } = store.catalog.bucket(request.bucket).record
  // What objects had before does not count while their bucket has no ACLs.
  const isEnforced = ownership === 'BucketOwnerEnforced'
  const body = aclDocument(isEnforced ? undefined : version.attributes.grants)
  return xmlAnswer(body, versionHeader(store, version))
}

export async function putObjectAcl(store: StoreContext, request: S3Request): Promise<Answer> {
  find(store, request)
  const { ownership } = store.catalog.bucket(request.bucket).record
  if (ownership === 'BucketOwnerEnforced') throw new S3Error('AccessControlListNotSupported')
  const said = readGrants(request.headers)
  const grants = said ?? parseAcl(await receiveXml(store, request, 'AccessControlPolicy'))
  const version = find(store, request)
  const attributes = { ...version.attributes, grants }
  store.catalog.updateVersion(version, { ...version, attributes })
  return { status: 200, headers: versionHeader(store, version) }
}

export function getOwnershipControls(store: StoreContext, request: S3Request): Answer {
  const { ownership } = store.catalog.bucket(request.bucket).record
  if (ownership === undefined) throw new S3Error('OwnershipControlsNotFoundError')
  return xmlAnswer(xmlDocument('OwnershipControls', { Rule: { ObjectOwnership: ownership } }))
}

export async function putOwnershipControls(
  store: StoreContext,
  request: S3Request,
): Promise<Answer> {
  store.catalog.bucket(request.bucket)
  const root = await receiveXml(store, request, 'OwnershipControls')
  const [rule, ...more] = root.children
  const ownership = rule?.name === 'Rule' ? childText(rule, 'ObjectOwnership') : undefined
  if (more.length > 0 || !isOwnership(ownership)) throw new S3Error('MalformedXML')
  const { record } = store.catalog.bucket(request.bucket)
  store.catalog.putBucket({ ...record, ownership })
  return { status: 200, headers: {} }
}

export function deleteOwnershipControls(store: StoreContext, request: S3Request): Answer {
  const { record } = store.catalog.bucket(request.bucket)
  store.catalog.putBucket({ ...record, ownership: undefined })
  return { status: 204, headers: {} }
}

/** @throws S3Error AccessControlListNotSupported where the bucket of a write has no ACLs. */
export function checkAclAllowed(store: StoreContext, { bucket, headers }: S3Request): void {
  checkOwnership(store.catalog.bucket(bucket).record.ownership, headers)
}

function find(store: StoreContext, request: S3Request): ObjectVersion {
  const bucket = store.catalog.bucket(request.bucket)
  return resolveVersion(bucket, request.key, request.query.get('versionId'))
}

function versionHeader(store: StoreContext, version: ObjectVersion): Record<string, string> {
  return versionIdHeader(store.catalog.bucket(version.bucket), version)
}
