/**
 * Any S3 store as a site. Objects are put there and read back with client-s3, and everything that
 * was made is removed; the store is trusted with nothing. It does not say what it cost.
 */

import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { Readable } from 'node:stream'
import { contentSlices, nameOf } from '../server/content.ts'
import type { EndpointFlags } from './arguments.ts'
import type { ObjectSet, Site } from './site.ts'

/** Requests under way while objects are made, compared and removed. */
const CONCURRENCY = 16

/** @throws Error when the environment has no credentials. */
export function storeSite(flags: EndpointFlags, env: NodeJS.ProcessEnv): Site {
  const { url, bucket, region, caFile } = flags
  // A notice about Node versions, of no use here.
  env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  const credentials = credentialsFrom(env)
  const client = new S3Client({
    endpoint: url,
    region,
    credentials,
    forcePathStyle: true,
    ...(caFile === undefined
      ? {}
      : { requestHandler: { httpsAgent: new Agent({ ca: readFileSync(caFile) }) } }),
  })
  const isSecure = url.startsWith('https:')
  const secureEndpoint = isSecure ? url : undefined
  return {
    address: { endpoint: url, secureEndpoint, caFile, region, bucket, credentials },
    receivedBy: 'Every uploaded byte is read back with client-s3 and compared.',
    publish: (objects) => eachKey(objects, (key) => put(client, bucket, key, objects.size)),
    verifyReceived: async (objects) => {
      const found = await keysBelow(client, bucket, objects)
      if (found.length !== objects.count) {
        throw new Error(`${found.length} objects arrived instead of ${objects.count}`)
      }
      await eachKey(objects, (key) => compare(client, bucket, key, objects.size))
    },
    forget: (objects) => removeAll(client, bucket, objects),
    clear: (objects) => removeAll(client, bucket, objects),
    stats: async () => undefined,
    [Symbol.asyncDispose]: async () => client.destroy(),
  }
}

function credentialsFrom(env: NodeJS.ProcessEnv): Site['address']['credentials'] {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error('--endpoint-url needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  return { accessKeyId, secretAccessKey }
}

async function removeAll(client: S3Client, bucket: string, objects: ObjectSet): Promise<void> {
  const keys = await keysBelow(client, bucket, objects)
  await inTurn(keys, async (key) => {
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
  })
}

async function put(client: S3Client, bucket: string, key: string, size: number): Promise<void> {
  const body = Readable.from(contentOf(key, size), { objectMode: false })
  await new Upload({ client, params: { Bucket: bucket, Key: key, Body: body } }).done()
}

/** @throws Error when the object is not what its key says. */
async function compare(client: S3Client, bucket: string, key: string, size: number): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  let offset = 0
  for await (const chunk of Body as AsyncIterable<Buffer>) {
    let done = 0
    for (const expected of contentSlices(key, offset, chunk.length)) {
      const found = chunk.subarray(done, done + expected.length)
      if (!expected.equals(found)) throw new Error(`${key} arrived with wrong bytes`)
      done += expected.length
    }
    offset += chunk.length
  }
  if (offset !== size) throw new Error(`${key} has ${offset} bytes instead of ${size}`)
}

function* contentOf(key: string, size: number): Generator<Buffer> {
  const step = 1024 * 1024
  for (let offset = 0; offset < size; offset += step) {
    yield* contentSlices(key, offset, Math.min(step, size - offset))
  }
}

/** Keys that are there: the one, or all below the prefix. */
async function keysBelow(
  client: S3Client,
  bucket: string,
  { key, count }: ObjectSet,
): Promise<string[]> {
  const keys: string[] = []
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: key })) {
    for (const { Key } of page.Contents ?? []) {
      if (Key !== undefined && (count > 1 || Key === key)) keys.push(Key)
    }
  }
  return keys
}

function eachKey({ key, count }: ObjectSet, act: (key: string) => Promise<void>): Promise<void> {
  if (count === 1) return act(key)
  return inTurn(
    Array.from({ length: count }, (_, index) => `${key}${nameOf(index)}`),
    act,
  )
}

async function inTurn(keys: readonly string[], act: (key: string) => Promise<void>): Promise<void> {
  const rest = keys.values()
  const lane = async (): Promise<void> => {
    for (const key of rest) await act(key)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
}
