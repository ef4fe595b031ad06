/** A typed client of the control port, for child processes and worker threads. */

import type { OpenUpload, ProcessStats, StoreStats } from './control.ts'
import type { DialectName } from './dialects.ts'
import type { RuleState } from './fault-rules.ts'
import type { FaultRule } from './fault-types.ts'
import type { RequestLogEntry, RequestLogFilter } from './request-log.ts'

/** What can be done to a running store from outside. Every call rejects with an Error. */
export interface ControlClient {
  /** Adds a rule and resolves to its id. */
  addRule(rule: FaultRule): Promise<number>
  removeRule(id: number): Promise<void>
  clearRules(): Promise<void>
  rules(): Promise<readonly RuleState[]>
  requests(filter?: RequestLogFilter): Promise<readonly RequestLogEntry[]>
  clearRequests(): Promise<void>
  openUploads(): Promise<readonly OpenUpload[]>
  stats(): Promise<StoreStats & ProcessStats>
  /** Moves the store's clock; zero sets it right. */
  shiftClock(shiftMs: number): Promise<void>
  setDialect(name: DialectName): Promise<void>
  /** Closes the store's port for a time. */
  refuse(ms: number): Promise<void>
}

/** Makes a client of the control port at `url`; nothing is sent before the first call. */
export function connectControl(url: string): ControlClient {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const result: unknown = await response.json()
    if (response.ok) return result
    const reason = (result as { error?: string }).error ?? ''
    throw new Error(`${method} ${path}: ${response.status} ${reason}`)
  }
  return {
    addRule: async (rule) => ((await call('POST', '/rules', rule)) as { id: number }).id,
    removeRule: async (id) => void (await call('DELETE', `/rules/${id}`)),
    clearRules: async () => void (await call('DELETE', '/rules')),
    rules: async () => (await call('GET', '/rules')) as readonly RuleState[],
    requests: async (filter) => {
      const query = new URLSearchParams(toText(filter ?? {}))
      const page = (await call('GET', `/requests?${query.toString()}`)) as {
        entries: readonly RequestLogEntry[]
      }
      return page.entries
    },
    clearRequests: async () => void (await call('DELETE', '/requests')),
    openUploads: async () => (await call('GET', '/uploads')) as readonly OpenUpload[],
    stats: async () => (await call('GET', '/stats')) as StoreStats & ProcessStats,
    shiftClock: async (shiftMs) => void (await call('POST', '/clock', { shiftMs })),
    setDialect: async (name) => void (await call('POST', '/dialect', { name })),
    refuse: async (ms) => void (await call('POST', '/refuse', { ms })),
  }
}

function toText(filter: RequestLogFilter): Record<string, string> {
  const given = Object.entries(filter).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
}
