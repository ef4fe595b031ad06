import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readResults, type Result } from '../../real-stores/results.ts'
import { realStoresText, withRealStores } from '../../real-stores/table.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const README = `${ROOT}README.md`

const STORE: Result = {
  kind: 'store',
  title: 'Some store',
  version: '1.2.3',
  date: '2026-11-29',
  engine: { passed: 20, cases: 21, deviations: [{ reason: 'no tags', cases: ['tags'] }] },
  conformance: { passed: 150, cases: 150, deviations: [] },
}
const MIGRATION: Result = {
  kind: 'migration',
  from: { title: 'Some store', version: '1.2.3' },
  to: { title: 'Other', version: '4' },
  date: '2026-11-29',
  objects: 310,
  bytes: 96 * 1024 * 1024,
  kills: 2,
  compared: ['metadata'],
}

describe('the table of real stores', () => {
  it('README has it as the kept results say (UPDATE_DOCS=1 rewrites it)', async () => {
    const before = readFileSync(README, 'utf8')
    const after = withRealStores(before, await readResults(`${ROOT}test/real-stores/results`))
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(README, after)
    else expect(after).toBe(before)
  })

  it('has a row for each store, with its version and what it does otherwise', () => {
    expect(realStoresText([STORE]).split('\n')).toContain(
      '| Some store | 1.2.3 | 2026-11-29 | 20 of 21 | all 150 | **no tags** (engine: tags) |',
    )
  })

  it('has a row for each copy between two stores', () => {
    expect(realStoresText([STORE, MIGRATION]).split('\n')).toContain(
      '| Some store 1.2.3 | Other 4 | 2026-11-29 | 310, 96 MiB | 2 times | keys, bytes, metadata |',
    )
  })

  it('is put where the marks are, and nowhere else', () => {
    const text = withRealStores(
      'before\n<!-- real-stores:start -->\nold\n<!-- real-stores:end -->\nafter',
      [STORE],
    )
    expect(text).toMatch(/^before\n<!-- real-stores:start -->\n\| store/)
    expect(text).toMatch(/<!-- real-stores:end -->\nafter$/)
    expect(text).not.toContain('old')
    expect(() => withRealStores('no marks', [])).toThrow(/lost its marks/)
  })
})
