/** Requests signed by the AWS SDK's own signer, in the raw form that the store verifies. */

import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { RawRequest } from '../../src/local-store/sigv4.ts'
import { EXAMPLE_CREDENTIALS, EXAMPLE_TIME } from './sigv4-examples.ts'

export interface SigningCase {
  readonly method?: string
  readonly path?: string
  readonly query?: Record<string, string>
  readonly headers?: Record<string, string>
  readonly token?: string
}

function smithySigner(token?: string): SignatureV4 {
  return new SignatureV4({
    service: 's3',
    region: 'us-east-1',
    uriEscapePath: false,
    applyChecksum: true,
    credentials: {
      accessKeyId: EXAMPLE_CREDENTIALS.accessKeyId,
      secretAccessKey: EXAMPLE_CREDENTIALS.secretAccessKey,
      ...(token === undefined ? {} : { sessionToken: token }),
    },
    sha256: class {
      #hash
      constructor(secret?: Parameters<typeof createHmac>[1]) {
        this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
      }
      update(data: Uint8Array | string): void {
        this.#hash.update(data)
      }
      async digest(): Promise<Uint8Array> {
        return this.#hash.digest()
      }
    } as never,
  })
}

function smithyRequest(parts: SigningCase): Parameters<SignatureV4['sign']>[0] {
  return {
    method: parts.method ?? 'GET',
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: 9000,
    path: parts.path ?? '/bucket/key',
    query: parts.query ?? {},
    headers: { host: '127.0.0.1:9000', ...parts.headers },
  }
}

function toRaw(signed: {
  method: string
  path: string
  query?: unknown
  headers: Record<string, string>
}): RawRequest {
  const query = Object.entries((signed.query ?? {}) as Record<string, string>)
  return {
    method: signed.method,
    rawPath: signed.path,
    rawQuery: query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&'),
    headers: Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]),
  }
}

export async function signBySmithy(parts: SigningCase): Promise<RawRequest> {
  const signer = smithySigner(parts.token)
  const signingDate = new Date(EXAMPLE_TIME)
  return toRaw(await signer.sign(smithyRequest(parts), { signingDate }))
}

export async function presignBySmithy(parts: SigningCase): Promise<RawRequest> {
  const signer = smithySigner(parts.token)
  const options = { signingDate: new Date(EXAMPLE_TIME), expiresIn: 600 }
  // As the SDK's own presigner does; it ends up in the query.
  const headers = { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD', ...parts.headers }
  return toRaw(await signer.presign(smithyRequest({ ...parts, headers }), options))
}
