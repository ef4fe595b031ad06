/** Files of a workload: one, or a directory of many; each holds the content of its key. */

import { mkdirSync, readdirSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { verifyFile, writeContentFile } from '../server/content-file.ts'
import { nameOf } from '../server/content.ts'
import type { ObjectSet } from './site.ts'

/** Files made or compared before other things get their turn, such as Ctrl-C. */
const FILES_AT_A_TIME = 500

/** Makes the files; their directories, too. */
export async function writeFiles(
  path: string,
  objects: ObjectSet,
  signal: AbortSignal,
): Promise<void> {
  await eachFile(path, objects, signal, (file, key) => {
    mkdirSync(dirname(file), { recursive: true })
    writeContentFile(file, key, objects.size)
  })
}

/** Gives all files a time of modification. Epoch milliseconds. */
export async function setTimes(
  path: string,
  objects: ObjectSet,
  signal: AbortSignal,
  modifiedMs: number,
): Promise<void> {
  const time = new Date(modifiedMs)
  await eachFile(path, objects, signal, (file) => utimesSync(file, time, time))
}

/** @throws Error naming the first file that is missing, too much, or not what its key says. */
export async function verifyFiles(
  path: string,
  objects: ObjectSet,
  signal: AbortSignal,
): Promise<void> {
  if (objects.count > 1) {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true })
    const found = entries.filter((entry) => !entry.isDirectory()).length
    if (found !== objects.count) throw new Error(`${found} files instead of ${objects.count}`)
  }
  await eachFile(path, objects, signal, (file, key) => verifyFile(file, key, objects.size))
}

async function eachFile(
  path: string,
  { key, count }: ObjectSet,
  signal: AbortSignal,
  act: (file: string, key: string) => void,
): Promise<void> {
  if (count === 1) return act(path, key)
  for (let index = 0; index < count; index += 1) {
    const name = nameOf(index)
    act(join(path, name), `${key}${name}`)
    if (index % FILES_AT_A_TIME !== 0) continue
    await new Promise((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
  }
}
