/**
 * A request of the control plane that our own signer signs, as the transport takes it: no body.
 */

import type { ControlRequest } from './control-transport.ts'
import { canonicalQuery, EMPTY_PAYLOAD_SHA256, objectPath, type Signer } from './signing.ts'
import type { StoreRoute } from './types.ts'

export interface UnsignedRequest {
  readonly method: 'GET' | 'HEAD'
  /** `''` for the bucket itself. */
  readonly key: string
  readonly query: readonly (readonly [string, string])[]
  /** `[name, value, …]`, names in lower case. */
  readonly headers: readonly string[]
}

export function signedRequest(
  signer: Signer,
  route: StoreRoute,
  { method, key, query: pairs, headers: asked }: UnsignedRequest,
): ControlRequest {
  const query = canonicalQuery(pairs)
  const path = objectPath(route, key)
  const signed = signer.sign({
    route,
    method,
    path,
    query,
    headers: ['accept-encoding', 'identity', ...asked],
    payloadHash: EMPTY_PAYLOAD_SHA256,
    timeMs: Date.now(),
  })
  const headers: Record<string, string> = {}
  for (let at = 0; at < signed.length; at += 2) {
    headers[signed[at] as string] = signed[at + 1] as string
  }
  const { protocol, hostname, port } = originParts(route.origin)
  return {
    protocol,
    hostname,
    port,
    path: query === '' ? path : `${path}?${query}`,
    method,
    headers,
  }
}

type Parts = Pick<ControlRequest, 'protocol' | 'hostname' | 'port'>

/** There are few origins, and taking one apart costs as much as signing. */
const parts = new Map<string, Parts>()

function originParts(origin: string): Parts {
  let known = parts.get(origin)
  if (known === undefined) {
    const { protocol, hostname, port } = new URL(origin)
    known = { protocol, hostname, port: port === '' ? undefined : Number(port) }
    if (parts.size >= 64) parts.clear()
    parts.set(origin, known)
  }
  return known
}
