import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseExpected, readExpected } from '../../real-stores/expected.ts'
import { judge } from '../../real-stores/judge.ts'
import { STORE_KINDS } from '../../real-stores/stores/all.ts'

const DIRECTORY = fileURLToPath(new URL('../../real-stores/expected', import.meta.url))

const group = (reason: unknown, ...cases: unknown[]): unknown => ({ reason, cases })
const parse = (conformance: unknown, engine: unknown = []): unknown =>
  parseExpected(JSON.stringify({ conformance, engine }), 'file')

describe('expectations', () => {
  it.each(STORE_KINDS)('of $name are of the form', async ({ name }) => {
    const { conformance, engine } = await readExpected(DIRECTORY, name)
    expect(conformance.length + engine.length).toBeGreaterThan(0)
  })

  it.each(STORE_KINDS)('CONTRIBUTING says how $name is brought', ({ title, program, install }) => {
    const text = readFileSync(
      fileURLToPath(new URL('../../../CONTRIBUTING.md', import.meta.url)),
      'utf8',
    )
    const name = title.split(' ')[0]
    expect(text).toContain(`| ${name} | \`${program}\` | \`${install}\``)
  })

  it('are of no store that cannot be started', () => {
    const names = readdirSync(DIRECTORY).map((file) => file.replace('.json', ''))
    expect(names.sort()).toEqual(STORE_KINDS.map(({ name }) => name).sort())
  })

  it('name only conformance cases that exist', async () => {
    const folder = fileURLToPath(new URL('../../store/conformance/', import.meta.url))
    const files = readdirSync(folder).filter((file) => existsSync(folder + file))
    const sources = files.map((file) => readFileSync(folder + file, 'utf8')).join('')
    const prefixes = ['sum.', 'key.', 'range.']
    for (const { name } of STORE_KINDS) {
      const { conformance } = await readExpected(DIRECTORY, name)
      const unknown = conformance
        .flatMap(({ cases }) => cases)
        // Those that are made in a loop are not written out.
        .filter((id) => !prefixes.some((prefix) => id.startsWith(prefix)))
        .filter((id) => !sources.includes(`'${id}'`))
      expect({ name, unknown }).toEqual({ name, unknown: [] })
    }
  })

  it.each([
    ['a suite nobody knows', () => parseExpected('{"other":[]}', 'file'), /no suite other/],
    ['a suite that is missing', () => parseExpected('{"engine":[]}', 'file'), /conformance is not/],
    ['no list', () => parse({}), /conformance is not a list/],
    ['no reason', () => parse([group(undefined, 'a')]), /a reason is a sentence/],
    ['an empty reason', () => parse([group(' ', 'a')]), /a reason is a sentence/],
    ['a reason that breaks a table', () => parse([group('a | b', 'a')]), /a reason is a sentence/],
    ['no cases', () => parse([group('because')]), /no cases for: because/],
    ['a case that is no name', () => parse([group('because', 1)]), /no cases for: because/],
    ['a case twice', () => parse([group('x', 'a'), group('y', 'a')]), /names a twice/],
    ['anything more', () => parse([{ reason: 'x', cases: ['a'], flaky: true }]), /has flaky/],
    ['half a race', () => parse([{ reason: 'x', cases: ['a'], sometimes: 1 }]), /`sometimes` is/],
    ['no object', () => parseExpected('[]', 'file'), /not an object/],
  ])('are refused with %s', (_, read, message) => {
    expect(read).toThrow(message)
  })
})

describe('an outcome', () => {
  const expected = [{ reason: 'it cannot', cases: ['a', 'b', 'gone'] }]

  it('is judged by what was expected', () => {
    const outcomes = [
      { id: 'a', error: 'refused' },
      { id: 'b', error: undefined },
      { id: 'c', error: undefined },
      { id: 'd', error: 'broken' },
    ]
    expect(judge(outcomes, expected)).toEqual([
      { id: 'a', verdict: 'deviates', detail: 'it cannot' },
      { id: 'b', verdict: 'vanished', detail: 'it cannot' },
      { id: 'c', verdict: 'passed', detail: undefined },
      { id: 'd', verdict: 'failed', detail: 'broken' },
      { id: 'gone', verdict: 'unknown', detail: 'it cannot' },
    ])
  })

  it('may be either where a store is in a race with itself', () => {
    const races = [{ reason: 'a race', cases: ['a', 'b'], sometimes: true }] as const
    const outcomes = [
      { id: 'a', error: 'refused' },
      { id: 'b', error: undefined },
    ]
    expect(judge(outcomes, races)).toEqual([
      { id: 'a', verdict: 'deviates', detail: 'a race' },
      { id: 'b', verdict: 'passed', detail: 'a race' },
    ])
  })
})
