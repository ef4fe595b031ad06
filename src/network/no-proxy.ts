/**
 * Whether an origin is reached through a proxy. Pure.
 *
 * Follows curl: `NO_PROXY` has suffixes of names, addresses, networks and ports; the addresses of
 * this machine are no exception.
 */

import { BlockList, isIP } from 'node:net'
import type { ProxyChoice, ProxySettings } from './proxy-rules.ts'

/** The proxy on the way to an origin; undefined for the direct way. */
export function proxyFor(proxies: ProxySettings | undefined, url: URL): ProxyChoice | undefined {
  const choice = url.protocol === 'https:' ? proxies?.https : proxies?.http
  if (proxies === undefined || choice === undefined) return undefined
  return isBypassed(proxies.bypass, url) ? undefined : choice
}

/** Whether a list in the form of `NO_PROXY` names the host of a URL. */
export function isBypassed(list: string, url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return list.split(/[\s,]+/).some((entry) => entry !== '' && names(entry, host, port))
}

function names(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  const { name, onlyPort } = splitPort(entry.toLowerCase())
  if (onlyPort !== undefined && onlyPort !== port) return false
  const family = isIP(host)
  if (family !== 0) return namesAddress(name, host, family === 6 ? 'ipv6' : 'ipv4')
  const suffix = name.replace(/^\*?\./, '').replace(/\.$/, '')
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`))
}

/** `host:port`, `[address]:port`, or either without its port; an address may have colons. */
function splitPort(entry: string): { readonly name: string; readonly onlyPort?: string } {
  const match = /^(?:\[(?<address>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d+))?$/.exec(entry)
  const { address, host, port } = match?.groups ?? {}
  const name = address ?? host ?? entry
  return port === undefined ? { name } : { name, onlyPort: String(Number(port)) }
}

/** An address or a network, `10.0.0.0/8`. */
function namesAddress(name: string, host: string, family: 'ipv4' | 'ipv6'): boolean {
  const [network = '', bits] = name.split('/')
  if (isIP(network) !== (family === 'ipv6' ? 6 : 4)) return false
  const widest = family === 'ipv6' ? 128 : 32
  const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
  if (prefix < 0 || prefix > widest) return false
  const list = new BlockList()
  list.addSubnet(network, prefix, family)
  return list.check(host, family)
}
