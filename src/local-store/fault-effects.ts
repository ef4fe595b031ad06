/**
 * The faults one request has met, and the places where the core lets them act:
 *
 *   expectContinue ─> before ─> alterBody (each piece) ─> operation ─> after ─> rewrite ─> send
 *
 * A verdict of `cut` means that the connection is gone and nothing more is to be done; an answer
 * is to be sent instead of the operation's own, without a rewrite.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from './context.ts'
import { errorDocument, retouch, scriptedAnswer, slowDownAnswer } from './fault-answers.ts'
import {
  cut,
  incoming,
  outgoing,
  pause,
  type AsyncBody,
  type Flow,
  type Pace,
} from './fault-body.ts'
import type { MetFault } from './fault-rules.ts'
import type { Fault, FaultKind, FaultPoint } from './fault-types.ts'

/** What the core is to do after a hook: go on, stop, or send this answer. */
export type Verdict = undefined | 'cut' | Answer

/** An answer whose body may have to be waited for. */
export interface FaultedAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body?: Answer['body'] | AsyncBody
}

/** What faults share beyond one request; the store's `Faults` gives it. */
export interface SharedFaultState {
  pace(ruleId: number): Pace
  /** Counts a request against a rate; true when it is above. */
  overRate(ruleId: number, group: string, perSecond: number): boolean
  refuse(ms: number): void
}

/** Faults after which the length of the body is not known before its end. */
const UNSIZED_KINDS: ReadonlySet<FaultKind> = new Set([
  'gzip',
  'trickle-answer',
  'no-content-length',
])

/** The faults of one request. */
export class RequestFaults {
  readonly kinds: readonly FaultKind[]
  /** Put on the request's body; undefined when no fault touches it. */
  readonly alterBody: ((piece: Buffer) => Buffer | Promise<Buffer>) | undefined
  readonly #met: readonly MetFault[]
  readonly #faults: readonly Fault[]
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #socket: Socket
  readonly #shared: SharedFaultState
  readonly #key: string

  constructor(
    met: readonly MetFault[],
    key: string | undefined,
    req: IncomingMessage,
    res: ServerResponse,
    shared: SharedFaultState,
  ) {
    this.#met = met
    this.#faults = met.map(({ fault }) => fault)
    this.#req = req
    this.#res = res
    this.#socket = req.socket
    this.#shared = shared
    this.#key = key ?? ''
    this.kinds = this.#faults.map(({ kind }) => kind)
    this.alterBody = incoming(this.#faults, this.#socket)
  }

  /** Whether the part this request uploads is to be forgotten after the answer. */
  get losesPart(): boolean {
    return this.kinds.includes('lose-part')
  }

  /** The request's headers as the operation is to see them. */
  headers<T extends Readonly<Record<string, string | undefined>>>(headers: T): T {
    const ignored = this.#faults.flatMap((fault) =>
      fault.kind === 'ignore-header' ? [fault.header.toLowerCase()] : [],
    )
    if (ignored.length === 0) return headers
    const kept = Object.entries(headers).filter(([name]) => !ignored.includes(name))
    return Object.fromEntries(kept) as T
  }

  /** The query as the operation is to see it. */
  query(query: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const changed = new Map(query)
    for (const fault of this.#faults) {
      if (fault.kind === 'set-query') changed.set(fault.name, fault.value)
    }
    return changed
  }

  /** What to do about `Expect: 100-continue` when the body is first wanted. */
  async expectContinue(): Promise<'continue' | 'silent' | Answer> {
    for (const fault of this.#faults) {
      if (fault.kind !== 'continue') continue
      if (fault.answer === 'never') return 'silent'
      if (fault.answer === 'refused') {
        const headers = { connection: 'close' }
        return { status: 417, headers, body: '' }
      }
      await pause(this.#socket, fault.ms)
    }
    return 'continue'
  }

  /**
   * Faults that strike before the operation.
   *
   * @param wantBody - asks the client for its body (100 Continue), called before it is drained.
   */
  async before(wantBody: () => void): Promise<Verdict> {
    const early = await this.#strike('before-body')
    if (early !== undefined) return early
    const ends = this.#faults.some(
      (fault) =>
        (fault.kind === 'answer' && (fault.at ?? 'before-operation') === 'before-operation') ||
        (fault.kind === 'drop' && fault.at === 'before-operation'),
    )
    if (ends) {
      wantBody()
      if (!(await this.#drain())) return 'cut'
    }
    return this.#strike('before-operation')
  }

  /** Faults that strike when the operation is done and nothing of its answer was sent. */
  async after(): Promise<Verdict> {
    return this.#strike('after-operation')
  }

  /** The answer as it is to be sent. */
  rewrite(answer: Answer): FaultedAnswer {
    let changed = answer
    for (const fault of this.#faults) changed = retouch(changed, fault)
    const trickle = this.#faults.find((fault) => fault.kind === 'trickle-answer')
    if (trickle !== undefined) {
      const body = trickle.code === undefined ? changed.body : errorDocument(trickle.code)
      changed = { ...changed, status: 200, body }
    }
    if (this.kinds.includes('close-after')) {
      this.#res.once('finish', () => this.#socket.destroySoon())
    }
    return this.#withFlow(changed)
  }

  async #strike(point: FaultPoint): Promise<Verdict> {
    for (const { ruleId, fault } of this.#met) {
      if (fault.kind === 'delay' && (fault.at ?? 'after-operation') === point) {
        await pause(this.#socket, fault.ms)
      } else if (fault.kind === 'drop' && fault.at === point) {
        cut(this.#socket, fault.how)
        return 'cut'
      } else if (fault.kind === 'refuse' && point === 'before-body') {
        this.#shared.refuse(fault.ms)
        cut(this.#socket, 'rst')
        return 'cut'
      } else if (fault.kind === 'answer' && (fault.at ?? 'before-operation') === point) {
        return scriptedAnswer(fault)
      } else if (fault.kind === 'rate-limit' && point === 'before-body') {
        const group =
          fault.per === 'prefix' ? this.#key.slice(0, this.#key.lastIndexOf('/') + 1) : ''
        const over = this.#shared.overRate(ruleId, group, fault.perSecond)
        if (over) return slowDownAnswer(fault.retryAfter)
      }
    }
    return this.#socket.destroyed ? 'cut' : undefined
  }

  /** Reads the body to its end and throws it away; false when the connection went first. */
  #drain(): Promise<boolean> {
    if (this.#req.readableEnded) return Promise.resolve(true)
    return new Promise((resolve) => {
      const { alterBody } = this
      this.#req.on('data', (piece: Buffer) => {
        const passed = alterBody?.(piece)
        if (!(passed instanceof Promise)) return
        this.#req.pause()
        void passed.then(() => this.#req.resume())
      })
      this.#req.once('end', () => resolve(true)).once('close', () => resolve(false))
      this.#req.once('error', () => resolve(false))
    })
  }

  #withFlow(answer: Answer): FaultedAnswer {
    const { body } = answer
    if (body === undefined || this.#req.method === 'HEAD') return answer
    let flow: Flow = flowOf(body)
    let touched = false
    for (const { ruleId, fault } of this.#met) {
      const next = outgoing(flow, fault, this.#socket, this.#shared.pace(ruleId))
      touched ||= next !== undefined
      flow = next ?? flow
    }
    if (!touched) return answer
    const close = (): void => {
      if (typeof body === 'object' && 'close' in body) body.close()
    }
    return { ...answer, headers: this.#sized(answer), body: { chunks: () => flow, close } }
  }

  /** Headers with the length the changed body is to claim. */
  #sized(answer: Answer): Record<string, string> {
    const { 'content-length': known, ...headers } = answer.headers
    if (this.kinds.includes('gzip')) headers['content-encoding'] = 'gzip'
    if (this.kinds.some((kind) => UNSIZED_KINDS.has(kind))) return headers
    let length = known === undefined ? bodyLength(answer.body) : Number(known)
    for (const fault of this.#faults) {
      if (fault.kind === 'short-body') length = Math.max(0, length - fault.missing)
    }
    return { ...headers, 'content-length': String(length) }
  }
}

function bodyLength(body: Answer['body']): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : (body?.length ?? 0)
}

async function* flowOf(body: NonNullable<Answer['body']>): AsyncGenerator<Buffer> {
  if (typeof body === 'string') yield Buffer.from(body)
  else if (Buffer.isBuffer(body)) yield body
  else yield* body.chunks()
}
