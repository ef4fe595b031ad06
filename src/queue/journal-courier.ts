/**
 * Journals of a shard's large copies, kept in Redis beside the disk of their worker: whoever takes the shard
 * over goes on within those objects. A journal has no credential in it, and what it says is held against the
 * store's own list of parts.
 */

import { readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import type { Redis } from 'ioredis'
import { jobOfFile, journalPath, NAME } from '../journal/job.ts'
import { readBeginning } from '../journal/read-beginning.ts'
import { journalsDirectory, makeJournalsDirectory } from '../journal/state-directory.ts'
import { errnoOf } from '../local-errors.ts'
import { KEPT_S } from './keys.ts'

/** A journal with 10,000 parts has less. Larger ones stay on their disk. Bytes. */
const SIZE_MAX = 2 * 1024 * 1024

export interface CourierOptions {
  readonly client: Pick<Redis, 'hset' | 'hdel' | 'hgetallBuffer' | 'expire'>
  readonly key: string
  readonly stateDirectory: string
  /** Whether an object, by bucket and key of its source, is of the shard. */
  readonly isOurs: (source: { readonly bucket: string; readonly key: string }) => boolean
  /** Hears of journals that were put there. */
  readonly onRestored: (name: string) => void
}

export class JournalCourier {
  readonly #options: CourierOptions
  /** What of each journal is in Redis: size and time. */
  readonly #sent = new Map<string, string>()
  /** Journals of others, by whether they are of the shard. */
  readonly #known = new Map<string, boolean>()
  #last: Promise<void> = Promise.resolve()

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /** Puts there what an earlier worker left, where this one has nothing. */
  async restore(): Promise<void> {
    const { client, key, stateDirectory, onRestored } = this.#options
    const found = Object.entries(await client.hgetallBuffer(key))
    if (found.length === 0) return
    await makeJournalsDirectory(stateDirectory)
    for (const [name, bytes] of found) {
      if (!NAME.test(name)) continue
      this.#known.set(name, true)
      const path = journalPath(stateDirectory, name)
      if ((await look(path)) !== undefined) continue
      const temporary = `${path}.restored`
      await writeFile(temporary, bytes, { mode: 0o600 })
      await rename(temporary, path)
      this.#sent.set(name, (await look(path)) ?? '')
      onRestored(name)
    }
  }

  /** Brings Redis up to date. One at a time. */
  ship(): Promise<void> {
    this.#last = this.#last.catch(() => undefined).then(() => this.#ship())
    return this.#last
  }

  /** The shard is done: what is left of earlier workers' journals is of copies that were not needed. */
  async end(): Promise<void> {
    const { client, key, stateDirectory } = this.#options
    await this.ship()
    const names = [...this.#sent.keys()]
    for (const name of names) await unlink(journalPath(stateDirectory, name)).catch(ifMissing)
    if (names.length > 0) await client.hdel(key, ...names)
    this.#sent.clear()
  }

  async #ship(): Promise<void> {
    const { client, key, stateDirectory } = this.#options
    const names = await journalsIn(stateDirectory)
    for (const name of names) {
      if (!this.#isOurs(name)) continue
      const path = journalPath(stateDirectory, name)
      const now = await look(path)
      if (now === undefined || now === this.#sent.get(name)) continue
      const bytes = await readFile(path).catch(ifMissing)
      if (bytes === undefined || bytes.length > SIZE_MAX) continue
      await client.hset(key, name, bytes)
      await client.expire(key, KEPT_S)
      this.#sent.set(name, now)
    }
    const gone = [...this.#sent.keys()].filter((name) => !names.includes(name))
    if (gone.length > 0) await client.hdel(key, ...gone)
    for (const name of gone) this.#sent.delete(name)
  }

  #isOurs(name: string): boolean {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    try {
      const begin = readBeginning(this.#options.stateDirectory, name)
      const from = begin.type === 'upload' ? begin.from : undefined
      const isOurs = from !== undefined && this.#options.isOurs(from)
      this.#known.set(name, isOurs)
      return isOurs
    } catch {
      // It is being made, or was removed: the next look will tell.
      return false
    }
  }
}

async function journalsIn(stateDirectory: string): Promise<readonly string[]> {
  const files = await readdir(journalsDirectory(stateDirectory)).catch(ifMissing)
  return (files ?? []).map(jobOfFile).filter((name) => name !== undefined)
}

/** Changes whenever the file does; `undefined` where there is none. */
async function look(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(ifMissing)
  return stats && `${stats.size} ${stats.mtimeNs}`
}

function ifMissing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined
  throw error
}
