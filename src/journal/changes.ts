/**
 * Whether something is the same as it was, and if not, the sentence that says what changed. Pure.
 */

/** Names of identity fields as people say them. */
const NAMES: Readonly<Record<string, string>> = {
  dev: 'file system',
  ino: 'inode',
  size: 'size',
  mtimeNs: 'modification time',
  ctimeNs: 'change time',
  etag: 'ETag',
  versionId: 'version',
  lastModified: 'modification time',
  checksum: 'checksum',
}

/**
 * Compares field by field, those of `before`; `undefined` when all are the same.
 * @param what begins the sentence: 'The file', 'The object'.
 */
export function changeOf<T extends object>(what: string, before: T, now: T): string | undefined {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])] as (keyof T & string)[]
  const changed = names.filter((name) => textOf(before[name]) !== textOf(now[name]))
  if (changed.length === 0) return undefined
  return `${what} changed since: ${changed.map((name) => NAMES[name] ?? name).join(', ')}.`
}

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
