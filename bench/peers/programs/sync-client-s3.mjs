/**
 * A sync as one writes it by hand with the SDK: lists one side, walks the other, and copies what differs
 * in size or is newer at the source.
 */

import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand } from '@aws-sdk/client-s3'
import { forEach, job, objectsInFlight } from './job.mjs'
import { sdkClient } from './sdk.mjs'

const { operation, bucket, key: prefix, path: root } = job
const client = sdkClient(job)

async function objectsByName() {
  const objects = new Map()
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      objects.set(Key.slice(prefix.length), { size: Size, time: LastModified.getTime() })
    }
  }
  return objects
}

async function filesByName() {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = new Map()
  const found = entries.filter((entry) => entry.isFile())
  await forEach(found, objectsInFlight, async ({ parentPath, name }) => {
    const path = join(parentPath, name)
    const { size, mtimeMs } = await stat(path)
    files.set(relative(root, path), { size, time: Math.round(mtimeMs) })
  })
  return files
}

const COPY = {
  upload: async (name) => {
    const input = { Bucket: bucket, Key: prefix + name, Body: await readFile(join(root, name)) }
    await client.send(new PutObjectCommand(input))
  },
  download: async (name, { time }) => {
    const path = join(root, name)
    await mkdir(dirname(path), { recursive: true })
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: prefix + name }))
    await pipeline(Body, createWriteStream(path))
    await utimes(path, new Date(), new Date(time))
  },
}

const [files, objects] = await Promise.all([filesByName(), objectsByName()])
const [source, target] = operation === 'upload' ? [files, objects] : [objects, files]
const changed = [...source].filter(([name, { size, time }]) => {
  const there = target.get(name)
  return there === undefined || there.size !== size || there.time < time
})
await forEach(changed, objectsInFlight, ([name, found]) => COPY[operation](name, found))
client.destroy()
