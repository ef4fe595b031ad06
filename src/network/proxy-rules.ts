/**
 * Which proxies there are, from the option and the variables every tool reads. Pure.
 *
 * Follows curl: lower-case names before upper-case ones, and `ALL_PROXY` behind both.
 * Invariant: what comes out has no credentials in it; those are apart.
 */

import { TransferError } from '../errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A proxy without its credentials, or why the one that is named cannot be used. */
export type ProxyChoice = { readonly origin: string } | { readonly problem: string }

/** Which proxy for stores of which scheme. Plain data, and free of secrets. */
export interface ProxySettings {
  readonly http?: ProxyChoice | undefined
  readonly https?: ProxyChoice | undefined
  /** Hosts that are reached without it, as in `NO_PROXY`. */
  readonly bypass: string
}

/**
 * Values of `Proxy-Authorization` for stores of each scheme: two variables may name one proxy, and
 * different users of it.
 */
export interface ProxyAuthorization {
  readonly http?: string | undefined
  readonly https?: string | undefined
}

export interface FoundProxies {
  readonly proxies: ProxySettings | undefined
  readonly authorization: ProxyAuthorization
}

/** Says that no proxy is to be used, whatever the environment says. */
export const NO_PROXY_OPTION = 'none'

/** Ports of proxies that name none. Source: curl, `CURL_DEFAULT_PROXY_PORT` and `…_HTTPS_…`. */
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '1080', 'https:': '443' }

interface ParsedProxy {
  readonly choice: ProxyChoice
  readonly authorization: string | undefined
}

/**
 * The proxies of an engine.
 * @param option URL of a proxy, or `none`; what is left out is taken from the environment
 * @throws ERR_OPTION_INVALID for an option that names no proxy; never shows it
 */
export function findProxies(option: string | undefined, env: Environment): FoundProxies {
  if (option === NO_PROXY_OPTION) return { proxies: undefined, authorization: {} }
  const given = option === undefined ? undefined : parseProxy('The option `proxy`', option)
  if (given !== undefined && 'problem' in given.choice) {
    const message = `${given.choice.problem} Or write '${NO_PROXY_OPTION}'.`
    throw new TransferError('ERR_OPTION_INVALID', message, { option: 'proxy' })
  }
  // Of a CGI program HTTP_PROXY is the header `Proxy` of whoever asks.
  const isCgi = env['REQUEST_METHOD'] !== undefined
  const http = given ?? fromEnvironment(env, ['http_proxy', ...(isCgi ? [] : ['HTTP_PROXY'])])
  const https = given ?? fromEnvironment(env, ['https_proxy', 'HTTPS_PROXY'])
  if (http === undefined && https === undefined) return { proxies: undefined, authorization: {} }
  const authorization = { http: http?.authorization, https: https?.authorization }
  const bypass = env['no_proxy'] ?? env['NO_PROXY'] ?? ''
  return { proxies: { http: http?.choice, https: https?.choice, bypass }, authorization }
}

/** The first variable that is set counts; an empty one says that there is no proxy. */
function fromEnvironment(env: Environment, own: readonly string[]): ParsedProxy | undefined {
  for (const name of [...own, 'all_proxy', 'ALL_PROXY']) {
    const text = env[name]?.trim()
    if (text === undefined) continue
    return text === '' ? undefined : parseProxy(`The variable ${name}`, text)
  }
  return undefined
}

/** `[http://][user:password@]host[:port]` */
function parseProxy(what: string, text: string): ParsedProxy {
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  const expected = 'expected a URL such as http://proxy.example.com:3128.'
  if (url === undefined || url.hostname === '') {
    return { choice: { problem: `${what} names no proxy; ${expected}` }, authorization: undefined }
  }
  if (!Object.hasOwn(DEFAULT_PORTS, url.protocol)) {
    const kind = url.protocol.slice(0, -1)
    const problem = `${what} names a ${kind} proxy, which cannot be used here; ${expected}`
    return { choice: { problem }, authorization: undefined }
  }
  // What looks like a path is the rest of a password, most likely; its beginning is taken for a host.
  if (url.pathname.length > 1 || url.search !== '' || url.hash !== '') {
    const problem = `${what} goes on behind its host and port; write / ? # in a password as %2F %3F %23.`
    return { choice: { problem }, authorization: undefined }
  }
  // The URL parser drops ports that are the default of the scheme; `:80` was written, if so.
  const isDefault = /:(80|443)\/?$/.test(full) && url.port === ''
  const fallback = isDefault && url.protocol === 'http:' ? '80' : DEFAULT_PORTS[url.protocol]
  const origin = `${url.protocol}//${url.hostname}:${url.port || fallback}`
  return { choice: { origin }, authorization: basicOf(url) }
}

function basicOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const pair = `${decode(username)}:${decode(password)}`
  return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
}

/** A password may hold a percent sign that begins no escape. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
