import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

interface Section {
  readonly title: string
  readonly promises: readonly string[]
}

/** Sections of the document; promises are the items before “Not promised”. */
const SECTIONS: readonly Section[] = readFileSync(`${ROOT}/SEMANTICS.md`, 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const [title = '', ...lines] = text.split('\n')
    const [kept = ''] = lines.join('\n').split(/^Not promised:$/m)
    const promises = kept.split(/^- /m).slice(1)
    return { title, promises: promises.map((promise) => promise.replaceAll(/\s+/g, ' ').trim()) }
  })
const PROMISES = SECTIONS.flatMap(({ promises }) => promises)

/** Tests a promise names, behind its last dash. */
function testsOf(promise: string): string[] {
  const [, named = ''] = /— ((?:`[\w./-]+`(?:, )?)+)$/.exec(promise) ?? []
  return named.split(', ').map((name) => name.replaceAll('`', ''))
}

describe('SEMANTICS', () => {
  it.each(SECTIONS)('promises something under $title', ({ promises }) => {
    expect(promises.length).toBeGreaterThan(0)
  })

  it.each(PROMISES)('names tests that exist: %s', (promise) => {
    const names = testsOf(promise)
    expect(names).not.toContain('')
    const missing = names.filter((name) => !existsSync(`${ROOT}/test/${name}`))
    expect(missing).toEqual([])
    expect(names.every((name) => name.endsWith('.test.ts') || name === 'helpers/test-bed.ts')).toBe(
      true,
    )
  })
})
