/** What programs of library peers share: the job, its objects, and a bounded loop. */

import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** See `Job` in ../peer.ts; `names` is a file with the names of many objects, one a line. */
export const job = JSON.parse(process.argv[2])

/** Connections of the SDK, which a loop at its defaults fills. Source: `maxSockets` of the SDK. */
const SDK_CONNECTIONS = 50

/** How many objects a loop has on their way. */
export const objectsInFlight = job.settings?.concurrency ?? SDK_CONNECTIONS

/** Key and file of each object. */
export async function itemsOf({ names, key, path }) {
  if (names === undefined) return [{ key, path }]
  const lines = (await readFile(names, 'utf8')).trimEnd().split('\n')
  return lines.map((name) => ({ key: key + name, path: `${path}/${name}` }))
}

/** The directories that the files of many objects go to. */
export async function makeDirectories(items) {
  const directories = new Set(items.map(({ path }) => dirname(path)))
  await Promise.all(Array.from(directories, (each) => mkdir(each, { recursive: true })))
}

/** Calls `work` for each item, with at most `limit` calls under way. */
export async function forEach(items, limit, work) {
  const rest = items.values()
  const run = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, run))
}

/** Bytes compared at each end of a chunk: enough to tell a place, and for nothing beside the reading. */
const PROBE = 16

/**
 * Reads an object to its end. The length must be that of the job, and both ends of each chunk must be
 * what belongs at their places: chunks that are lost, doubled or in another order are seen.
 */
export async function consume(chunks, key) {
  const { contentView, entryOf } = await import('../../../dist/bench/server/content.js')
  const entry = entryOf(key)
  let size = 0
  for await (const chunk of chunks) {
    const length = Math.min(PROBE, chunk.length)
    for (const at of [0, chunk.length - length]) {
      const expected = contentView(entry, size + at, length)
      const isSame = Buffer.compare(chunk.subarray(at, at + length), expected) === 0
      if (!isSame) throw new Error(`Wrong bytes at ${size + at} of ${key}`)
    }
    size += chunk.length
  }
  if (size !== job.size) throw new Error(`Read ${size} bytes of ${job.size}`)
}
