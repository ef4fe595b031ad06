/**
 * What the doctor makes in a bucket: objects below one random prefix, and uploads. All of it is noted
 * before it is made and removed at the end, whatever happened; versions too, where a bucket keeps them.
 */

import { randomBytes } from 'node:crypto'
import type { RawAnswer, RawClient } from './raw-client.ts'

/** Rounds of removal: a request that was cut may arrive after the first. */
const ROUNDS = 3

/** Wait between them. Milliseconds. */
const ROUND_MS = 300

/** One key. */
interface Made {
  readonly versions: Set<string>
  /** False once all that was asked for was refused: a removal would only leave a marker. */
  mayExist: boolean
}

export class Scratch {
  /** Beginning of all keys. */
  readonly prefix: string
  readonly #raw: RawClient
  readonly #made = new Map<string, Made>()
  readonly #uploads = new Map<string, string>()

  /** @param below prefix that was given; empty for the bucket itself */
  constructor(raw: RawClient, below: string) {
    this.#raw = raw
    const folder = below === '' || below.endsWith('/') ? below : `${below}/`
    this.prefix = `${folder}transfer-engine-doctor-${randomBytes(8).toString('hex')}/`
  }

  /** Writes an object; without body, whatever the headers say. */
  async put(
    name: string,
    body: Uint8Array,
    more: { readonly headers?: Record<string, string>; readonly payloadHash?: string } = {},
  ): Promise<RawAnswer> {
    return this.noted(name, (key) => this.#raw.send({ method: 'PUT', key, body, ...more }))
  }

  /** Runs a request that makes an object. */
  async noted(name: string, make: (key: string) => Promise<RawAnswer>): Promise<RawAnswer> {
    const key = this.prefix + name
    const made = this.#made.get(key) ?? { versions: new Set<string>(), mayExist: false }
    const { mayExist } = made
    made.mayExist = true
    this.#made.set(key, made)
    const answer = await make(key)
    const version = answer.headers['x-amz-version-id']
    const isRefused = answer.status >= 300 && answer.status < 500
    if (isRefused) made.mayExist = mayExist
    else if (version !== undefined) made.versions.add(version)
    return answer
  }

  /** Opens an upload. Returns its id, unless it was refused. */
  async open(
    name: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly answer: RawAnswer; readonly uploadId: string | undefined }> {
    const key = this.prefix + name
    const answer = await this.#raw.send({ method: 'POST', key, query: [['uploads', '']], headers })
    const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(answer.body.toString('utf8'))?.[1]
    if (answer.error !== undefined || uploadId === undefined) return { answer, uploadId: undefined }
    this.#uploads.set(uploadId, key)
    return { answer, uploadId }
  }

  /** The upload is an object now, or gone. */
  closed(uploadId: string): void {
    this.#uploads.delete(uploadId)
  }

  /** Versions of an object that are known; none in a bucket that keeps no versions. */
  versionsOf(name: string): readonly string[] {
    return [...(this.#made.get(this.prefix + name)?.versions ?? [])]
  }

  /** Removes all that was made. Returns what could not be removed, as text. Never rejects. */
  async remove(): Promise<readonly string[]> {
    let left: readonly string[] = []
    for (let round = 1; round <= ROUNDS; round += 1) {
      if (round > 1) await new Promise((resolve) => setTimeout(resolve, ROUND_MS))
      left = [...(await this.#removeUploads()), ...(await this.#removeObjects())]
      // Once more after the last success: nothing may turn up behind it.
      if (left.length === 0 && !(await this.#isAnythingThere())) return []
    }
    return left.length > 0 ? left : [`objects below ${this.prefix}`]
  }

  async #removeUploads(): Promise<string[]> {
    const left: string[] = []
    for (const [uploadId, key] of this.#uploads) {
      const query = [['uploadId', uploadId]] as const
      if (await this.#isGone({ method: 'DELETE', key, query })) this.#uploads.delete(uploadId)
      else left.push(`multipart upload ${uploadId} of ${key}`)
    }
    return left
  }

  async #removeObjects(): Promise<string[]> {
    const left: string[] = []
    for (const [key, { versions, mayExist }] of this.#made) {
      if (!mayExist) continue
      let isGone = versions.size > 0 || (await this.#isGone({ method: 'DELETE', key }))
      for (const version of versions) {
        const query = [['versionId', version]] as const
        isGone = (await this.#isGone({ method: 'DELETE', key, query })) && isGone
      }
      if (!isGone) left.push(key)
    }
    return left
  }

  async #isGone(request: Omit<Parameters<RawClient['send']>[0], 'isRemoval'>): Promise<boolean> {
    try {
      const { error } = await this.#raw.send({ ...request, isRemoval: true })
      return error === undefined || error.context.status === 404
    } catch {
      return false
    }
  }

  async #isAnythingThere(): Promise<boolean> {
    const query = [
      ['list-type', '2'],
      ['prefix', this.prefix],
    ] as const
    try {
      const { body } = await this.#raw.send({ method: 'GET', query, isRemoval: true })
      return body.includes('<Contents>')
    } catch {
      // Who may not list has been told of every removal that failed.
      return false
    }
  }
}
