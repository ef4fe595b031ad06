/** Tags of an object: get, put, delete. */

import { xmlAnswer } from '../context.ts'
import type { Answer, S3Request, StoreContext } from '../context.ts'
import { receiveXml } from '../intake.ts'
import type { ObjectVersion } from '../model.ts'
import { checkTags } from '../object-headers.ts'
import { S3Error } from '../s3-error.ts'
import { childText, xmlDocument } from '../xml.ts'
import { resolveVersion, versionIdHeader } from './versions.ts'

export function getObjectTagging(store: StoreContext, request: S3Request): Answer {
  const version = find(store, request)
  const tags = version.attributes.tags.map(([Key, Value]) => ({ Key, Value }))
  const body = xmlDocument('Tagging', { TagSet: { Tag: tags } })
  return xmlAnswer(body, versionHeader(store, version))
}

export async function putObjectTagging(store: StoreContext, request: S3Request): Promise<Answer> {
  find(store, request)
  const root = await receiveXml(store, request, 'Tagging')
  const set = root.children.find(({ name }) => name === 'TagSet')
  if (set === undefined) throw new S3Error('MalformedXML')
  const tags = set.children.map((node): [string, string] => {
    const [key, value] = [childText(node, 'Key'), childText(node, 'Value')]
    if (node.name !== 'Tag' || key === undefined || value === undefined) {
      throw new S3Error('MalformedXML')
    }
    return [key, value]
  })
  checkTags(tags)
  const version = find(store, request)
  retag(store, version, tags)
  return { status: 200, headers: versionHeader(store, version) }
}

export function deleteObjectTagging(store: StoreContext, request: S3Request): Answer {
  const version = find(store, request)
  retag(store, version, [])
  return { status: 204, headers: versionHeader(store, version) }
}

function find(store: StoreContext, request: S3Request): ObjectVersion {
  const bucket = store.catalog.bucket(request.bucket)
  return resolveVersion(bucket, request.key, request.query.get('versionId'))
}

function retag(store: StoreContext, version: ObjectVersion, tags: [string, string][]): void {
  const attributes = { ...version.attributes, tags }
  store.catalog.updateVersion(version, { ...version, attributes })
}

function versionHeader(store: StoreContext, version: ObjectVersion): Record<string, string> {
  return versionIdHeader(store.catalog.bucket(version.bucket), version)
}
