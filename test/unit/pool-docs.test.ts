import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { OPTIONS } from '../../src/option-table.ts'
import { CLOSE_REASONS, COUNTERS } from '../../src/pool/worker-counters.ts'
import { defaultOf } from '../helpers/option-docs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TEXT = readFileSync(`${ROOT}/POOL.md`, 'utf8')

/** Rows of the tables of terms, cell by cell. */
const ROWS = TEXT.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| there '))
  .map((line) => line.split('|').slice(1, -1))
  .map(([there = '', , here = '', ours = '']) => ({
    there: quoted(there).map((name) => name.split('.').at(-1) ?? ''),
    here: here.trim(),
    ours: ours.trim(),
  }))

/** Sections of a connection's life, on one line each. */
const LIFE = TEXT.split(/^## /m)
  .filter((section) => section.startsWith('The life'))
  .flatMap((section) => section.split(/^### /m).slice(1))
  .map((section) => {
    const [title = '', ...lines] = section.split('\n')
    return { title, text: lines.join(' ') }
  })

const STATS = new Set<string>([
  ...COUNTERS,
  ...CLOSE_REASONS.map((reason) => `closed.${reason}`),
  'handshakeMs',
  'acquireMs',
])

function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}

describe('terms of others', () => {
  it.each(ROWS)('$there is $here', ({ there, here, ours }) => {
    expect(there.length).toBeGreaterThan(0)
    if (here === 'none') {
      expect(ours).toBe('–')
      return
    }
    const [name = ''] = quoted(here)
    expect(Object.keys(OPTIONS)).toContain(name)
    const row = OPTIONS[name as keyof typeof OPTIONS]
    expect(ours).toBe(defaultOf(name, row))
  })

  it('are those by which the engine names its own', () => {
    for (const { there, here } of ROWS) {
      for (const [name, row] of Object.entries(OPTIONS)) {
        const isSaid = there.some((term) => row.was?.includes(term) === true)
        if (isSaid) expect(here).toBe(`\`${name}\``)
      }
    }
  })
})

describe('the life of a connection', () => {
  it('has all its stations', () => {
    expect(LIFE.map(({ title }) => title)).toEqual([
      'Initialise',
      'Acquire',
      'Use',
      'Release',
      'Maintain',
      'Time-outs',
      'Recovery',
      'Size',
    ])
  })

  it.each(LIFE)('tells where $title can be seen, and what holds it', ({ text }) => {
    const [, seen = '', held = ''] = /Seen in: (.*) Held\s+by: (.*)$/.exec(text) ?? []
    expect(quoted(seen).length).toBeGreaterThan(0)
    expect(quoted(seen).filter((name) => name !== 'retry' && !STATS.has(name))).toEqual([])
    expect(quoted(held).length).toBeGreaterThan(0)
    expect(quoted(held).filter((name) => !existsSync(`${ROOT}/test/${name}`))).toEqual([])
  })

  it.each(LIFE)('knows the options of $title and their defaults', ({ text }) => {
    for (const [, name = '', value = ''] of text.matchAll(/`(\w+)`\s+\(default\s+([^),]+)/g)) {
      expect(Object.keys(OPTIONS)).toContain(name)
      const known = defaultOf(name, OPTIONS[name as keyof typeof OPTIONS])
      expect(known.startsWith(value.replace(/ per thread$/, ''))).toBe(true)
    }
  })
})

describe('every name on the page', () => {
  it('that looks like an option is one', () => {
    const [prose = ''] = TEXT.split('## Translating')
    const names = new Set(
      quoted(
        prose
          .split('\n')
          .filter((line) => !line.startsWith('|'))
          .join(' '),
      ),
    )
    const camel = [...names].filter((name) => /^[a-z]+[A-Z]\w*$/.test(name) && !STATS.has(name))
    expect(camel.filter((name) => !Object.hasOwn(OPTIONS, name))).toEqual([])
    expect(camel.length).toBeGreaterThan(10)
  })
})
