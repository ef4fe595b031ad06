/**
 * Which shards a job was cut into and which are done, in its directory: a coordinator that was killed goes on
 * behind the last one, and what Redis forgot is given to it again.
 */

import { createReadStream } from 'node:fs'
import { appendFile, open, unlink, type FileHandle } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { errnoOf, targetError } from '../local-errors.ts'
import type { Shard } from './shards.ts'

const FILE = 'shards.ndjson'

type Line =
  | { readonly id: string }
  | { readonly cut: Shard }
  /** What workers told, up to this message, is being written down behind so many bytes. */
  | { readonly taking: string; readonly at: number }
  /** It is; and these were done by it. */
  | { readonly taken: string; readonly done: readonly number[] }
  /** All of the listing was cut. */
  | { readonly isWhole: true }

/** Up to which message it was written down, and where that of later ones begins. */
export interface Taking {
  readonly last: string
  readonly at: number
}

export class ShardLog {
  /** What the run before was killed within. */
  readonly interrupted: Taking | undefined
  /** Names the job in Redis. */
  readonly id: string
  /** Cut and not done. */
  readonly open: Map<number, Shard>
  readonly #path: string
  readonly #file: FileHandle
  #last: Shard | undefined
  #isWhole: boolean
  #taken: string | undefined

  private constructor(path: string, file: FileHandle, found: Found) {
    this.#path = path
    this.#file = file
    this.id = found.id
    this.open = found.open
    this.#last = found.last
    this.#isWhole = found.isWhole
    this.#taken = found.taken
    this.interrupted = found.taking
  }

  /** Begins one, or goes on with one. @throws ERR_TARGET_UNWRITABLE, ERR_DISK_FULL */
  static async open(directory: string): Promise<ShardLog> {
    const path = join(directory, FILE)
    try {
      const found = await read(path)
      if (found === undefined) {
        const id = randomBytes(8).toString('hex')
        await appendFile(path, lineOf({ id }), { mode: 0o600, flag: 'w' })
        const file = await open(path, 'a', 0o600)
        const none = { last: undefined, isWhole: false, taking: undefined, taken: undefined }
        return new ShardLog(path, file, { id, open: new Map(), ...none })
      }
      const file = await open(path, 'a', 0o600)
      // A line that a kill has cut ends here, and means nothing.
      if (!found.isClean) await file.appendFile('\n')
      return new ShardLog(path, file, found)
    } catch (error) {
      throw targetError(error, path)
    }
  }

  /** The last one that was cut. */
  get last(): Shard | undefined {
    return this.#last
  }

  get isWhole(): boolean {
    return this.#isWhole
  }

  async cut(shard: Shard): Promise<void> {
    await this.#append({ cut: shard })
    this.open.set(shard.index, shard)
    this.#last = shard
  }

  /** The last message of which everything is written down. */
  get taken(): string | undefined {
    return this.#taken
  }

  async taking({ last, at }: Taking): Promise<void> {
    await this.#append({ taking: last, at })
  }

  /** @param done shards that need not be looked at again */
  async took(last: string, done: readonly number[]): Promise<void> {
    await this.#append({ taken: last, done })
    this.#taken = last
    for (const index of done) this.open.delete(index)
  }

  async whole(): Promise<void> {
    await this.#append({ isWhole: true })
    this.#isWhole = true
  }

  /** @param isOver whether the next run begins anew */
  async close(isOver: boolean): Promise<void> {
    await this.#file.close()
    if (isOver) await unlink(this.#path)
  }

  async #append(line: Line): Promise<void> {
    try {
      await this.#file.appendFile(lineOf(line))
    } catch (error) {
      throw targetError(error, this.#path)
    }
  }
}

interface Found {
  readonly id: string
  readonly open: Map<number, Shard>
  readonly last: Shard | undefined
  readonly isWhole: boolean
  readonly taking: Taking | undefined
  readonly taken: string | undefined
}

async function read(path: string): Promise<(Found & { readonly isClean: boolean }) | undefined> {
  let id: string | undefined
  let last: Shard | undefined
  let taking: Taking | undefined
  let taken: string | undefined
  let [isWhole, isClean] = [false, true]
  const shards = new Map<number, Shard>()
  const input = createReadStream(path)
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      const line = parse(text)
      isClean = line !== undefined
      if (line === undefined) continue
      if ('id' in line) id = line.id
      else if ('cut' in line) shards.set(line.cut.index, (last = line.cut))
      else if ('taking' in line) taking = { last: line.taking, at: line.at }
      else if ('taken' in line) {
        taken = line.taken
        taking = undefined
        for (const index of line.done) shards.delete(index)
      } else isWhole = true
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  if (id === undefined) return undefined
  return { id, open: shards, last, isWhole, isClean, taking, taken }
}

function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}

function lineOf(line: Line): string {
  return `${JSON.stringify(line)}\n`
}
