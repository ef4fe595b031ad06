/** Versions in a bucket in the order of the answer, which the SDK loses: it sorts markers apart. */

import { Readable } from 'node:stream'
import { GetObjectCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3'

export interface FoundVersion {
  readonly key: string
  readonly versionId: string
  readonly isMarker: boolean
  readonly size: number
}

/** Of one key the oldest first. */
export async function versionsIn(
  client: S3Client,
  Bucket: string,
  Prefix: string,
): Promise<readonly FoundVersion[]> {
  const found: FoundVersion[] = []
  let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}
  for (;;) {
    const command = new ListObjectVersionsCommand({ Bucket, Prefix, ...markers })
    const body = keepBody(command)
    const page = await client.send(command)
    found.push(...elementsOf(body()))
    if (page.IsTruncated !== true) break
    markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
  }
  return found.toReversed()
}

/** What the answer says, before the SDK reads it. */
function keepBody(command: ListObjectVersionsCommand): () => string {
  let body = ''
  command.middlewareStack.add(
    (next) => async (given) => {
      const answer = await next(given)
      const { response } = answer as unknown as { response: { body: AsyncIterable<Uint8Array> } }
      const chunks: Uint8Array[] = []
      for await (const chunk of response.body) chunks.push(chunk)
      body = Buffer.concat(chunks).toString()
      response.body = Readable.from(chunks)
      return answer
    },
    { step: 'deserialize', priority: 'low' },
  )
  return () => body
}

function* elementsOf(body: string): Generator<FoundVersion> {
  for (const [, name, inside = ''] of body.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gsu)) {
    const text = (element: string): string =>
      new RegExp(`<${element}>(.*?)</${element}>`, 'u').exec(inside)?.[1] ?? ''
    const isMarker = name === 'DeleteMarker'
    const size = Number(text('Size'))
    yield { key: text('Key'), versionId: text('VersionId'), isMarker, size }
  }
}

/** Contents by name behind the prefix, the oldest first, a marker as `marker`. */
export async function contentsOf(
  client: S3Client,
  Bucket: string,
  prefix: string,
): Promise<Record<string, string[]>> {
  const contents: Record<string, string[]> = {}
  for (const { key, versionId, isMarker } of await versionsIn(client, Bucket, prefix)) {
    const list = (contents[key.slice(prefix.length)] ??= [])
    if (isMarker) {
      list.push('marker')
      continue
    }
    const object = { Bucket, Key: key, VersionId: versionId }
    const { Body } = await client.send(new GetObjectCommand(object))
    list.push((await Body?.transformToString()) ?? '')
  }
  return contents
}
