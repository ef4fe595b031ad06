/**
 * A store, a disk and an uploader in memory, for the model of crash and resume. The uploader is
 * the driver in small: it does nothing but what replay and reconciliation tell it, one message at
 * a time, so that a crash can come between any two.
 */

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { expect } from 'vitest'
import { decodeRecord, encodeRecord } from '../../src/journal/codec.ts'
import { Framer, readLines } from '../../src/journal/lines.ts'
import {
  isAdopted,
  reconcileUpload,
  type Look,
  type UploadNow,
} from '../../src/journal/reconcile-upload.ts'
import type { JournalRecord, PartNoted, UploadBegin } from '../../src/journal/records.ts'
import { replay, type UploadState } from '../../src/journal/replay.ts'
import type { ListedPart } from '../../src/store/object-store.ts'
import { UPLOAD } from '../unit/journal/journal-fixture.ts'

const PART_SIZE = 10
export const PARTS = 3

interface Message {
  readonly uploadId: string
  /** Absent for Complete. */
  readonly part?: number | undefined
  readonly body: string
  readonly token: string
}

/** The part of a store that matters: open uploads, and what is at one key. */
class ReferenceStore {
  readonly uploads = new Map<string, Map<number, string>>()
  object: { readonly body: string; readonly token: string } | undefined
  readonly #hasChecksums: boolean
  #ids = 0

  constructor(hasChecksums: boolean) {
    this.#hasChecksums = hasChecksums
  }

  create(): string {
    this.#ids += 1
    this.uploads.set(`u${this.#ids}`, new Map())
    return `u${this.#ids}`
  }

  /** Whether the upload was there. */
  receive({ uploadId, part, body, token }: Message): boolean {
    const parts = this.uploads.get(uploadId)
    if (parts === undefined) return false
    if (part === undefined) {
      expect([...parts.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3])
      this.object = { body: [1, 2, 3].map((each) => parts.get(each)).join(''), token }
      this.uploads.delete(uploadId)
    } else {
      parts.set(part, body)
    }
    return true
  }

  list(uploadId: string): readonly ListedPart[] | 'gone' {
    const parts = this.uploads.get(uploadId)
    if (parts === undefined) return 'gone'
    return [...parts].map(([partNumber, body]) => ({
      partNumber,
      size: body.length,
      etag: `"${md5(body)}"`,
      lastModified: undefined,
      checksums: this.#hasChecksums ? { CRC32: crc(body) } : {},
    }))
  }
}

/** What an uploader has in memory; a crash takes it. */
interface Uploader {
  readonly begin: UploadBegin
  readonly framer: Framer
  uploadId: string | undefined
  /** The answer to Create, on its way. */
  created: string | undefined
  readonly toSend: number[]
  readonly noted: Map<number, PartNoted>
  completing: Message | undefined
  /** Lines that are not on the disk yet. */
  buffered: string
}

export class World {
  readonly store: ReferenceStore
  source = 'first source of 25 bytes.'
  changes = 1
  journal: string | undefined
  uploader: Uploader | undefined
  /** Requests under way, of the uploader or of one that died. */
  flying: Message[] = []
  /** Parts that arrived and were not heard of yet. */
  arrived: Message[] = []
  isDone = false
  /** Whether something happened that makes all that was sent useless. */
  mayRestart = true
  readonly sent = new Map<number, number>()
  readonly lostInFlight = new Map<number, number>()
  /** Ids of uploads whose Create was answered to nobody. */
  readonly unheard = new Set<string>()
  #tokens = 0

  constructor(hasChecksums: boolean) {
    this.store = new ReferenceStore(hasChecksums)
  }

  start(): void {
    const state = this.#remembered()
    if (state === undefined) return this.#anew()
    const id = state.created?.uploadId
    const listing = id === undefined ? 'gone' : this.store.list(id)
    const look: Look = this.#isOurs(state) ? 'ours' : 'not ours'
    let found = reconcileUpload(state, this.#now(), listing)
    if (found.action === 'look') found = reconcileUpload(state, this.#now(), listing, look)
    if (found.action === 'verify' && look === 'ours') return this.#finish()
    if (found.action === 'restart' && found.abort !== undefined) {
      this.store.uploads.delete(found.abort)
    }
    if (found.action !== 'continue') return this.#anew()
    const { kept, check, send, uploadId } = found
    const adopted = check.filter((part) => isAdopted(part, this.#hashFor(part.part, part.witness)))
    const refused = check.filter((part) => !adopted.includes(part)).map(({ part }) => part)
    const noted = [...kept, ...adopted.map(({ part }) => this.#note(part))]
    const records: JournalRecord[] = [{ type: 'created', uploadId }, ...noted]
    this.uploader = this.#write(state.begin, records)
    this.uploader.uploadId = uploadId
    this.uploader.toSend.push(...send, ...refused)
    for (const part of noted) this.uploader.noted.set(part.part, part)
  }

  create(): void {
    if (this.uploader !== undefined) this.uploader.created = this.store.create()
  }

  createAnswered(): void {
    const { uploader } = this
    if (uploader?.created === undefined) return
    uploader.uploadId = uploader.created
    uploader.created = undefined
    uploader.toSend.push(1, 2, 3)
    this.#append({ type: 'created', uploadId: uploader.uploadId })
    this.flush()
  }

  send(): void {
    const part = this.uploader?.toSend.shift()
    const { uploadId, begin } = this.uploader ?? {}
    if (part === undefined || uploadId === undefined || begin === undefined) return
    this.sent.set(part, (this.sent.get(part) ?? 0) + 1)
    this.flying.push({ uploadId, part, body: this.#bytes(part), token: begin.token })
  }

  /** A request reaches the store, perhaps long after its sender died. */
  arrive(index: number): void {
    const [message] = this.flying.splice(index % Math.max(1, this.flying.length), 1)
    if (message === undefined) return
    const isOwn = message.token === this.uploader?.begin.token && this.#isWaitedFor(message)
    const isThere = this.store.receive(message)
    if (isOwn && isThere && message.part !== undefined) this.arrived.push(message)
    if (isOwn && !isThere) this.crash(0)
  }

  answer(index: number): void {
    const [message] = this.arrived.splice(index % Math.max(1, this.arrived.length), 1)
    if (message?.part === undefined) return
    const note = this.#note(message.part)
    this.uploader?.noted.set(note.part, note)
    this.#append(note)
  }

  flush(): void {
    const { uploader } = this
    if (uploader === undefined) return
    this.journal += uploader.buffered
    uploader.buffered = ''
  }

  complete(): void {
    const { uploader } = this
    if (uploader?.uploadId === undefined || uploader.completing !== undefined) return
    if (uploader.noted.size < PARTS) return
    this.#append({ type: 'completing', checksum: crc(this.source) })
    this.flush()
    const { uploadId, begin } = uploader
    uploader.completing = { uploadId, body: '', token: begin.token }
    this.flying.push(uploader.completing)
  }

  completeAnswered(): void {
    const { uploader } = this
    if (uploader?.completing === undefined || this.flying.includes(uploader.completing)) return
    expect(this.store.object).toBeDefined()
    this.#append({ type: 'completed', etag: `"${md5(this.source)}"` })
    this.flush()
    // Another writer came behind us; our write was there all the same.
    this.#finish()
  }

  /** Kills the uploader; of what was not on the disk, the first `kept` bytes are. */
  crash(kept: number): void {
    const { uploader } = this
    if (uploader === undefined) return
    this.journal += uploader.buffered.slice(0, kept)
    if (uploader.created !== undefined) this.unheard.add(uploader.created)
    if (uploader.uploadId === undefined) this.mayRestart = true
    for (const { part } of this.flying.filter((message) => this.#isWaitedFor(message))) {
      if (part !== undefined) this.lostInFlight.set(part, (this.lostInFlight.get(part) ?? 0) + 1)
    }
    this.arrived = []
    this.uploader = undefined
  }

  changeSource(): void {
    this.changes += 1
    this.source = `source number ${this.changes} of 25 ...`.slice(0, 25).padEnd(25, '.')
    this.mayRestart = true
  }

  expire(): void {
    this.store.uploads.clear()
    this.unheard.clear()
    this.mayRestart = true
  }

  foreignPut(): void {
    this.store.object = { body: this.source, token: 'another writer' }
    this.mayRestart = true
  }

  #isWaitedFor({ uploadId, part }: Message): boolean {
    const { uploader } = this
    if (uploader?.uploadId !== uploadId) return false
    if (part === undefined) return uploader.completing !== undefined
    return !uploader.toSend.includes(part) && !uploader.noted.has(part)
  }

  #anew(): void {
    expect(this.mayRestart).toBe(true)
    this.mayRestart = false
    this.sent.clear()
    this.lostInFlight.clear()
    this.#tokens += 1
    const token = `t${this.#tokens}`
    this.uploader = this.#write({ ...UPLOAD, token, source: this.#now().source }, [])
  }

  #finish(): void {
    this.isDone = true
    this.journal = undefined
    this.uploader = undefined
  }

  /** The whole journal, in place of the one before. */
  #write(begin: UploadBegin, records: readonly JournalRecord[]): Uploader {
    const framer = new Framer()
    const lines = [begin, ...records].map((record) => framer.line(encodeRecord(record)))
    this.journal = framer.header() + lines.join('')
    const memory = { uploadId: undefined, created: undefined, completing: undefined }
    return { begin, framer, ...memory, toSend: [], noted: new Map(), buffered: '' }
  }

  #append(record: JournalRecord): void {
    const { uploader } = this
    if (uploader !== undefined) uploader.buffered += uploader.framer.line(encodeRecord(record))
  }

  #remembered(): UploadState | undefined {
    const { payloads } = readLines(Buffer.from(this.journal ?? ''))
    const { state } = replay(payloads.map(decodeRecord).filter((record) => record !== undefined))
    return state?.kind === 'upload' ? state : undefined
  }

  #isOurs({ begin }: UploadState): boolean {
    const { object } = this.store
    return object?.token === begin.token && object.body === this.source
  }

  #now(): UploadNow {
    const { attributes, algorithm, checksumType, sendChecksum } = UPLOAD
    const source = { ...UPLOAD.source, mtimeNs: BigInt(this.changes) }
    return { source, attributes, algorithm, checksumType, sendChecksum, partSize: undefined }
  }

  #bytes(part: number): string {
    return this.source.slice((part - 1) * PART_SIZE, part * PART_SIZE)
  }

  #note(part: number): PartNoted {
    const body = this.#bytes(part)
    return { type: 'part', part, size: body.length, etag: `"${md5(body)}"`, digest: crc(body) }
  }

  #hashFor(part: number, { kind }: { readonly kind: 'checksum' | 'md5' }): string {
    return kind === 'md5' ? md5(this.#bytes(part)) : crc(this.#bytes(part))
  }
}

function crc(text: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return bytes.toString('base64')
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
