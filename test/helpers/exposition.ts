/**
 * A strict reader of Prometheus' text format (version 0.0.4): throws at whatever the format does
 * not allow, and at histograms that are none.
 */

export interface Family {
  readonly help: string
  readonly type: string
  /** Value by `name{label="value",…}` as it is written, labels in the order written. */
  readonly samples: ReadonlyMap<string, number>
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`
const HEAD = new RegExp(String.raw`^# (HELP|TYPE) (${NAME}) (.+)$`)
const SAMPLE = new RegExp(String.raw`^(${NAME})(\{${LABEL}(?:,${LABEL})*\})? (\S+)$`)
const TYPES = ['counter', 'gauge', 'histogram']
/** Lines of a histogram, besides its buckets. */
const SUFFIX = /_(?:bucket|sum|count)$/

/** Families by name. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, Family & { readonly samples: Map<string, number> }>()
  let pending: { readonly name: string; readonly help: string } | undefined
  let current: string | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const [, word, name = '', rest = ''] = HEAD.exec(line) ?? []
    if (word === 'HELP') {
      if (families.has(name)) throw new Error(`${name} comes twice`)
      pending = { name, help: rest }
    } else if (word === 'TYPE') {
      if (pending?.name !== name || !TYPES.includes(rest)) throw new Error(`bad line: ${line}`)
      families.set(name, { help: pending.help, type: rest, samples: new Map() })
      current = name
      pending = undefined
    } else {
      addSample(line, current, families)
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkBuckets(name, family)
  return families
}

/** Labels without `le`, so that the lines of one histogram come together. */
export function withoutBound(labels: string): string {
  return labels
    .replace(/,?le="[^"]*"/, '')
    .replace('{,', '{')
    .replace('{}', '')
}

function addSample(
  line: string,
  current: string | undefined,
  families: ReadonlyMap<string, Family & { readonly samples: Map<string, number> }>,
): void {
  const [, name, labels = '', text] = SAMPLE.exec(line) ?? []
  const family = families.get(current ?? '')
  if (name === undefined || family === undefined) throw new Error(`bad line: ${line}`)
  const owner = family.type === 'histogram' ? name.replace(SUFFIX, '') : name
  if (owner !== current) throw new Error(`${name} lies among those of ${String(current)}`)
  const value = Number(text)
  if (!Number.isFinite(value)) throw new Error(`no number: ${line}`)
  if (family.samples.has(name + labels)) throw new Error(`comes twice: ${line}`)
  family.samples.set(name + labels, value)
}

function checkBuckets(name: string, { samples }: Family): void {
  const last = new Map<string, { readonly le: number; readonly count: number }>()
  for (const [key, count] of samples) {
    if (!key.startsWith(`${name}_bucket{`)) continue
    const bound = /le="([^"]*)"/.exec(key)?.[1] ?? ''
    const le = bound === '+Inf' ? Infinity : Number(bound)
    const labels = withoutBound(key.slice(`${name}_bucket`.length))
    const before = last.get(labels) ?? { le: -Infinity, count: 0 }
    if (!(le > before.le)) throw new Error(`${key} is not above the bucket before it`)
    if (count < before.count) throw new Error(`${key} has less than the bucket below it`)
    last.set(labels, { le, count })
  }
  if (last.size === 0) throw new Error(`${name} has no bucket`)
  for (const [labels, { le, count }] of last) {
    if (le !== Infinity) throw new Error(`${name}${labels} has no bucket for everything`)
    if (samples.get(`${name}_count${labels}`) !== count) throw new Error(`${name}: wrong count`)
    if (!samples.has(`${name}_sum${labels}`)) throw new Error(`${name} has no sum`)
  }
}
