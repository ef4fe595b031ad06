/**
 * A hand-signed HTTP client for what the SDK will not send: wrong hashes, wrong clocks, broken
 * framing, bodies cut short. It signs by itself, with nothing of the store or of the engine.
 */

import { createHash, createHmac } from 'node:crypto'
import { request as httpRequest, type Agent, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface RawCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface RawSettings {
  readonly endpoint: string
  readonly region: string
  readonly credentials: RawCredentials
}

export interface RawRequest {
  readonly method: string
  readonly bucket: string
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Value of `x-amz-content-sha256`; the true hash of the body when left out. */
  readonly payload?: string
  readonly credentials?: RawCredentials
  /** False sends no signature. */
  readonly sign?: boolean
  /** Moves the client's clock. Milliseconds. */
  readonly shiftMs?: number
  /** Headers changed or added after the signature was made. */
  readonly tamper?: Readonly<Record<string, string>>
  /** Host name under which the bucket is addressed, instead of in the path. */
  readonly virtualHost?: string
  /** Bytes of the body sent before the connection is destroyed. */
  readonly cutAfter?: number
  readonly agent?: Agent
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Text of the Code element of an error document; empty when there is none. */
  readonly code: string
  /** Whether the connection had carried a request before. */
  readonly reused: boolean
  /** Whether 100 Continue came. */
  readonly continued: boolean
}

export class RawClient {
  readonly #settings: RawSettings

  constructor(settings: RawSettings) {
    this.#settings = settings
  }

  /** Sends one request; rejects only when the connection fails. */
  send(request: RawRequest): Promise<RawAnswer> {
    const body = request.body ?? Buffer.alloc(0)
    const url = this.#url(request.bucket, request.key, request.query ?? {})
    const payload = request.payload ?? sha256(body)
    const chunkedFrame = request.headers?.['transfer-encoding'] !== undefined
    if (request.virtualHost !== undefined) {
      Object.assign(url, { rawPath: `/${escapePath(request.key ?? '')}` })
    }
    const port = url.port === '' ? '' : `:${url.port}`
    const headers: Record<string, string> = {
      host: request.virtualHost === undefined ? url.host : request.virtualHost + port,
      ...(chunkedFrame || request.method === 'GET' ? {} : { 'content-length': `${body.length}` }),
      ...request.headers,
    }
    if (request.sign !== false) Object.assign(headers, this.#sign(request, url, headers, payload))
    Object.assign(headers, request.tamper)
    return exchange(url, request, headers, body)
  }

  /** A presigned URL. */
  presign(
    method: string,
    bucket: string,
    key: string,
    expiresSeconds: number,
    shiftMs = 0,
  ): { url: URL; method: string } {
    const { credentials, region } = this.#settings
    const date = amzDate(Date.now() + shiftMs)
    const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`
    const url = this.#url(bucket, key, {
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
      'X-Amz-Date': date,
      'X-Amz-Expires': String(expiresSeconds),
      'X-Amz-SignedHeaders': 'host',
      ...(credentials.sessionToken === undefined
        ? {}
        : { 'X-Amz-Security-Token': credentials.sessionToken }),
    })
    const headers = { host: url.host }
    const signature = signatureOf(method, url, headers, 'UNSIGNED-PAYLOAD', {
      date,
      region,
      secret: credentials.secretAccessKey,
    })
    url.search += `&X-Amz-Signature=${signature}`
    return { url, method }
  }

  /** Sends a request as it is, unsigned: a presigned URL carries its signature itself. */
  fetch(
    target: { url: URL; method: string },
    body: Buffer = Buffer.alloc(0),
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawAnswer> {
    const length = target.method === 'PUT' ? { 'content-length': String(body.length) } : {}
    const request = { method: target.method, bucket: '', body }
    return exchange(target.url, request, { host: target.url.host, ...length, ...headers }, body)
  }

  #url(bucket: string, key: string | undefined, query: Readonly<Record<string, string>>): URL {
    const path = key === undefined ? `/${bucket}` : `/${bucket}/${escapePath(key)}`
    const url = new URL(this.#settings.endpoint)
    const search = Object.entries(query)
      .map(([name, value]) => `${escape(name)}=${escape(value)}`)
      .toSorted()
      .join('&')
    // Set as one text: a URL would resolve the dots that a key may have.
    return Object.assign(url, { search, rawPath: path })
  }

  #sign(
    request: RawRequest,
    url: URL,
    plain: Readonly<Record<string, string>>,
    payload: string,
  ): Record<string, string> {
    const { region } = this.#settings
    const credentials = request.credentials ?? this.#settings.credentials
    const date = amzDate(Date.now() + (request.shiftMs ?? 0))
    const added: Record<string, string> = { 'x-amz-date': date, 'x-amz-content-sha256': payload }
    if (credentials.sessionToken !== undefined) {
      added['x-amz-security-token'] = credentials.sessionToken
    }
    const signed = Object.fromEntries(
      Object.entries({ ...plain, ...added }).filter(
        ([name]) => name === 'host' || name === 'content-md5' || name.startsWith('x-amz-'),
      ),
    )
    const secret = credentials.secretAccessKey
    const signature = signatureOf(request.method, url, signed, payload, { date, region, secret })
    const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`
    const names = Object.keys(signed).toSorted().join(';')
    const authorization =
      `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},` +
      `SignedHeaders=${names},Signature=${signature}`
    return { ...added, authorization }
  }
}

/** Percent-encodes one path segment or query part as S3 wants it. */
export function escape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function escapePath(key: string): string {
  return key.split('/').map(escape).join('/')
}

function rawPathOf(url: URL): string {
  return (url as URL & { rawPath: string }).rawPath
}

function amzDate(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function signatureOf(
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  payload: string,
  signing: { readonly date: string; readonly region: string; readonly secret: string },
): string {
  const names = Object.keys(headers).toSorted()
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join('')
  const query = url.search.slice(1).split('&').toSorted().join('&')
  const canonical = [method, rawPathOf(url), query, lines, names.join(';'), payload].join('\n')
  const { date, region, secret } = signing
  const day = date.slice(0, 8)
  const scope = `${day}/${region}/s3/aws4_request`
  let key: Buffer | string = `AWS4${secret}`
  for (const step of [day, region, 's3', 'aws4_request']) {
    key = createHmac('sha256', key).update(step).digest()
  }
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
  return createHmac('sha256', key).update(text).digest('hex')
}

function exchange(
  url: URL,
  request: RawRequest,
  headers: Record<string, string>,
  body: Buffer,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const client = send({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: rawPathOf(url) + url.search,
      method: request.method,
      headers,
      agent: request.agent ?? false,
    })
    let continued = false
    client.on('error', reject)
    client.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        const all = Buffer.concat(pieces)
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: all,
          code: /<Code>([^<]*)<\/Code>/.exec(all.toString())?.[1] ?? '',
          reused: client.reusedSocket,
          continued,
        })
      })
    })
    const sendBody = (): void => {
      if (request.cutAfter === undefined) {
        client.end(body)
        return
      }
      client.write(body.subarray(0, request.cutAfter), () => {
        setTimeout(() => client.destroy(new Error('cut by the test')), 50)
      })
    }
    if (headers['expect'] === undefined) {
      sendBody()
      return
    }
    client.flushHeaders()
    client.on('continue', () => {
      continued = true
      sendBody()
    })
  })
}
