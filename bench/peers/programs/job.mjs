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
