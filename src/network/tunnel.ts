/**
 * Asks a proxy for a tunnel (CONNECT) on a socket that stands. What the socket brings behind the
 * proxy's answer belongs to whoever is at the other end; a TLS server never speaks first, so bytes
 * that come along with the answer are a fault, and cannot be lost.
 */

import type { Socket } from 'node:net'
import { TransferError } from '../errors.ts'

/** Longest head of an answer that is read. Bytes. Source: undici's and Node's own limit. */
const HEAD_MAX = 16 * 1024

const HEAD_END = '\r\n\r\n'

/** Statuses by which a proxy says that it is busy, not that it will not. */
const BUSY: readonly number[] = [408, 425, 429]

export interface TunnelRequest {
  /** The proxy, for messages. */
  readonly proxy: string
  /** `host:port` to be reached. */
  readonly authority: string
  /** Value of Proxy-Authorization. */
  readonly authorization: string | undefined
}

/** Calls back once: without an error when the tunnel stands. The socket is left open. */
export function openTunnel(
  socket: Socket,
  request: TunnelRequest,
  done: (error?: Error) => void,
): void {
  let head = ''
  const finish = (error?: Error): void => {
    socket.off('data', onData).off('end', onEnd)
    // Nobody may miss what comes next.
    socket.pause()
    done(error)
  }
  const onData = (chunk: Buffer): void => {
    head += chunk.toString('latin1')
    const end = head.indexOf(HEAD_END)
    if (end >= 0) return finish(judge(head, end, request))
    if (head.length > HEAD_MAX || !'HTTP/1.'.startsWith(head.slice(0, 7))) {
      finish(refused(request, 'does not speak HTTP'))
    }
  }
  const onEnd = (): void => finish(lost(request))
  socket.on('data', onData).once('end', onEnd)
  const { authority, authorization } = request
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`)
  socket.write(`${lines.join('\r\n')}${HEAD_END}`)
}

function judge(head: string, end: number, request: TunnelRequest): Error | undefined {
  const [, digits] = /^HTTP\/1\.[01] (\d{3})/.exec(head) ?? []
  if (digits === undefined) return refused(request, 'does not speak HTTP')
  const status = Number(digits)
  if (status >= 200 && status < 300) {
    const isAlone = head.length === end + HEAD_END.length
    return isAlone ? undefined : refused(request, 'sent more than its answer')
  }
  if (status === 407) return refused(request, `answered 407: ${credentialsAdvice(request)}`)
  const { proxy, authority } = request
  if (status >= 500 || BUSY.includes(status)) {
    const message = `The proxy ${proxy} answered ${status} when asked for ${authority}`
    return new TransferError('ERR_CONNECT', message)
  }
  return refused(request, `answered ${status} when asked for ${authority}`)
}

function credentialsAdvice({ authorization }: TunnelRequest): string {
  return authorization === undefined
    ? 'it wants credentials, http://user:password@host:port'
    : 'it does not take these credentials'
}

function refused({ proxy }: TunnelRequest, what: string): TransferError {
  return new TransferError('ERR_PROXY', `The proxy ${proxy} ${what}`)
}

function lost({ proxy }: TunnelRequest): Error {
  const message = `The proxy ${proxy} closed the connection without an answer`
  return Object.assign(new Error(message), { code: 'ECONNRESET' })
}
