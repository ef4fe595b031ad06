/**
 * One request from its head to the end of its answer: route, faults, signature, operation,
 * answer, log. Everything that throws on the way becomes an error document.
 */

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer, Headers, S3Request, StoreContext } from './context.ts'
import { checkDialect } from './dialect-refusals.ts'
import type { RequestFaults } from './fault-effects.ts'
import { claimedAccessKeyId } from './faults.ts'
import type { Faults } from './faults.ts'
import { checkKey } from './keys.ts'
import { checkExpectedOwner } from './object-headers.ts'
import type { RequestLogEntry } from './request-log.ts'
import { errorAnswer, hostId, sendAnswer } from './respond.ts'
import type { SendableAnswer } from './respond.ts'
import { route } from './router.ts'
import type { Route } from './router.ts'
import { S3Error } from './s3-error.ts'
import { verifyRequest } from './sigv4.ts'
import type { StoreCredentials, Verified } from './sigv4.ts'
import { hoistedHeaders, parseQuery, parseTarget } from './target.ts'
import type { Target } from './target.ts'

/** Largest difference of clocks. Source: S3, 15 minutes. */
const SKEW_MAX_MS = 15 * 60 * 1000

/** What every exchange of one store shares. */
export interface ExchangeHost {
  readonly store: StoreContext
  readonly faults: Faults
  readonly secure: boolean
  /** True when the Date header must tell the store's own time. */
  readonly ownClock: boolean
  find(accessKeyId: string): StoreCredentials | undefined
}

/** Thrown to send a scripted answer from inside an operation. */
class AnswerInstead extends Error {
  readonly answer: Answer

  constructor(answer: Answer) {
    super('scripted answer')
    this.answer = answer
  }
}

/** Serves one request; never rejects. */
export async function serveRequest(
  host: ExchangeHost,
  req: IncomingMessage,
  res: ServerResponse,
  entry: RequestLogEntry,
): Promise<void> {
  // A connection that breaks is seen by its close; its error says nothing more.
  res.on('error', () => undefined)
  const exchange = new Exchange(host, req, res, entry)
  try {
    await exchange.serve()
  } catch {
    res.destroy()
  }
  entry.durationMs = Date.now() - entry.startedAt
  entry.outcome = res.writableFinished ? 'answered' : 'cut'
}

class Exchange {
  readonly #host: ExchangeHost
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #entry: RequestLogEntry
  readonly #id: string = randomBytes(8).toString('hex').toUpperCase()
  readonly #expectsContinue: boolean
  #faults: RequestFaults | undefined
  #continued = false

  constructor(
    host: ExchangeHost,
    req: IncomingMessage,
    res: ServerResponse,
    entry: RequestLogEntry,
  ) {
    this.#host = host
    this.#req = req
    this.#res = res
    this.#entry = entry
    this.#expectsContinue = req.headers['expect']?.toLowerCase() === '100-continue'
  }

  async serve(): Promise<void> {
    let answer: Answer | undefined
    try {
      answer = await this.#work()
    } catch (error) {
      if (error instanceof AnswerInstead) answer = error.answer
      else answer = await this.#withFaults(this.#refusal(error))
    }
    if (answer === undefined) return
    await this.#send(answer)
  }

  /** Undefined when the connection was cut by a fault. */
  async #work(): Promise<(SendableAnswer & Answer) | undefined> {
    const headers = plainHeaders(this.#req)
    const target = parseTarget(this.#req.url ?? '/', headers['host'] ?? '')
    const query = parseQuery(target.rawQuery)
    const found = route(this.#req.method ?? '', target.bucket, target.key, query, headers)
    this.#describe(target, query, found, headers)
    this.#faults = this.#meetFaults(target, headers)
    const early = await this.#faults?.before(() => this.#sendContinue())
    if (early === 'cut') return undefined
    if (early !== undefined) return early
    const verified = this.#verify(target)
    const request = this.#request(target, query, found, headers, verified)
    checkExpectedOwner(request.headers)
    checkDialect(this.#host.store.dialect, request)
    if (target.key !== '') checkKey(target.key)
    const answer = await found.handler(this.#host.store, request)
    return this.#finish(request, answer)
  }

  async #finish(request: S3Request, answer: Answer): Promise<Answer | undefined> {
    if (request.headers['x-amz-request-payer'] === 'requester') {
      answer.headers['x-amz-request-charged'] = 'requester'
    }
    if (this.#faults?.losesPart === true) this.#losePart(request)
    return this.#withFaults(answer)
  }

  /** Faults that strike when the operation is done or refused. */
  async #withFaults(answer: Answer): Promise<Answer | undefined> {
    if (this.#faults === undefined) return answer
    const instead = await this.#faults.after()
    if (instead !== undefined) closeBody(answer)
    if (instead === 'cut') return undefined
    return instead ?? (this.#faults.rewrite(answer) as Answer)
  }

  #verify({ rawPath, rawQuery }: Target): Verified {
    const { rawHeaders, method } = this.#req
    const wire: [string, string][] = []
    for (let at = 0; at < rawHeaders.length; at += 2) {
      wire.push([(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? ''])
    }
    return verifyRequest(
      { method: method ?? '', rawPath, rawQuery, headers: wire },
      {
        find: (accessKeyId) => this.#host.find(accessKeyId),
        now: this.#host.store.now(),
        region: this.#host.store.region,
        skewMaxMs: SKEW_MAX_MS,
      },
    )
  }

  #request(
    target: Target,
    query: ReadonlyMap<string, string>,
    found: Route,
    headers: Headers,
    verified: Verified,
  ): S3Request {
    const seen = verified.presigned ? { ...headers, ...hoistedHeaders(query) } : headers
    return {
      id: this.#id,
      operation: found.operation,
      method: this.#req.method ?? '',
      bucket: target.bucket,
      key: target.key,
      query: this.#faults?.query(query) ?? query,
      headers: this.#faults?.headers(seen) ?? seen,
      host: headers['host'] ?? '',
      secure: this.#host.secure,
      payload: verified.payload,
      message: this.#req,
      onBodyWanted: () => this.#wantBody(),
      onBytesIn: (length) => {
        this.#entry.bytesIn += length
      },
      alterBody: this.#faults?.alterBody,
    }
  }

  #describe(
    target: Target,
    query: ReadonlyMap<string, string>,
    found: Route,
    headers: Headers,
  ): void {
    const entry = this.#entry
    const partNumber = query.get('partNumber')
    entry.operation = found.operation
    entry.bucket = target.bucket === '' ? undefined : target.bucket
    entry.key = target.key === '' ? undefined : target.key
    entry.uploadId = query.get('uploadId')
    entry.partNumber = partNumber === undefined ? undefined : Number(partNumber)
    entry.range = headers['range']
    entry.userAgent = headers['user-agent']
  }

  #meetFaults(target: Target, headers: Headers): RequestFaults | undefined {
    const { operation, bucket, key, partNumber, connection, range } = this.#entry
    const rangeStart = /^bytes=(\d+)-/.exec(range ?? '')?.[1]
    const met = this.#host.faults.forRequest(
      {
        operation,
        bucket,
        key,
        partNumber,
        rangeStart: rangeStart === undefined ? undefined : Number(rangeStart),
        connection,
        accessKeyId: claimedAccessKeyId(headers['authorization'], target.rawQuery),
      },
      this.#req,
      this.#res,
    )
    if (met !== undefined) this.#entry.faults.push(...met.kinds)
    return met
  }

  #losePart(request: S3Request): void {
    const { catalog } = this.#host.store
    const id = request.query.get('uploadId') ?? ''
    const state = catalog.bucket(request.bucket).uploads.get(id)
    if (state !== undefined) catalog.dropPart(state, Number(request.query.get('partNumber')))
  }

  /** Answers `Expect: 100-continue`; called when the signature and the headers are good. */
  async #wantBody(): Promise<void> {
    if (!this.#expectsContinue || this.#faults === undefined) {
      this.#sendContinue()
      return
    }
    const verdict = await this.#faults.expectContinue()
    if (verdict === 'continue') this.#sendContinue()
    else if (verdict !== 'silent') throw new AnswerInstead(verdict)
  }

  #sendContinue(): void {
    if (!this.#expectsContinue || this.#continued) return
    this.#continued = true
    if (this.#host.store.dialect.continue100) this.#res.writeContinue()
  }

  #refusal(error: unknown): Answer {
    this.#entry.code = error instanceof S3Error ? error.code : 'InternalError'
    const resource = this.#req.url?.replace(/\?.*$/s, '') ?? '/'
    return errorAnswer(error, resource, this.#id)
  }

  async #send(answer: Answer): Promise<void> {
    const { headers } = answer
    headers['x-amz-request-id'] ??= this.#id
    headers['x-amz-id-2'] ??= hostId(this.#id)
    if (this.#host.ownClock) headers['date'] ??= new Date(this.#host.store.now()).toUTCString()
    const unasked = this.#expectsContinue && !this.#continued
    if (unasked || this.#host.store.dialect.closeAfterAnswer) headers['connection'] ??= 'close'
    this.#entry.status = answer.status
    this.#entry.code ??= errorCode(answer)
    await sendAnswer(this.#req, this.#res, answer, (length) => {
      this.#entry.bytesOut += length
    })
  }
}

/** Headers by lower-case name; repeated ones are joined as Node joins them. */
function plainHeaders(req: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(req.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value
  }
  return headers
}

/** The code of a scripted error document. */
function errorCode({ body }: Answer): string | undefined {
  return typeof body === 'string' ? /<Error>.*?<Code>([^<]*)</s.exec(body)?.[1] : undefined
}

function closeBody({ body }: Answer): void {
  if (typeof body === 'object' && 'close' in body) body.close()
}
