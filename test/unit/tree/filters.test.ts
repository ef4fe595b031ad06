import { describe, expect, it } from 'vitest'
import {
  createFilter,
  filterBy,
  parseFilterRules,
  parseTimeBound,
  type FilterOptions,
  type FilterRule,
} from '../../../src/tree/filters.ts'
import { compilePattern } from '../../../src/tree/patterns.ts'

function fits(pattern: string, name: string): boolean {
  const expression = compilePattern(pattern)
  if (typeof expression === 'string') throw new Error(expression)
  return expression.test(name)
}

describe('a pattern', () => {
  it.each([
    ['*', ['', 'a', 'a/b', 'a\nb']],
    ['*.txt', ['a.txt', 'a/b.txt', '.txt']],
    ['a*', ['a', 'ab', 'a/b']],
    ['a*c', ['ac', 'abc', 'a/b/c', 'acc']],
    ['*a*b*', ['ab', 'xaxbx', 'a/b', 'aba']],
    ['a**b', ['ab', 'a/b']],
    ['a?c', ['abc', 'a/c', 'a😀c']],
    ['[abc]', ['a', 'b', 'c']],
    ['[a-c]x', ['ax', 'bx', 'cx']],
    ['[!a-c]', ['d', '/', '-', '😀']],
    ['[]a]', [']', 'a']],
    ['[!]a]', ['b', '[']],
    ['[[]*', ['[', '[a]']],
    ['[a-]', ['a', '-']],
    ['[-a]', ['a', '-']],
    ['[\\^x]', ['\\', '^', 'x']],
    ['[é😀]', ['é', '😀']],
    ['a.b+(c)|{d}^$\\', ['a.b+(c)|{d}^$\\']],
    ['x]', ['x]']],
    ['a-b', ['a-b']],
  ])('%s fits %j', (pattern, names) => {
    expect(names.filter((name) => !fits(pattern, name))).toEqual([])
  })

  it.each([
    ['*.txt', ['a.txt2', 'atxt', 'a.TXT']],
    ['a*c', ['a', 'c', 'acb', 'xac']],
    ['*a*b*', ['ba', 'a', 'b']],
    ['*ab*ab', ['ab', 'aab']],
    ['a?c', ['ac', 'abbc']],
    ['[abc]', ['d', '', 'ab']],
    ['[!a-c]', ['a', 'b', '']],
    ['[!]a]', [']', 'a']],
    ['a.b', ['axb']],
    ['a', ['a/b', 'b/a', 'A']],
    ['dir', ['dir/a']],
  ])('%s does not fit %j', (pattern, names) => {
    expect(names.filter((name) => fits(pattern, name))).toEqual([])
  })

  it.each(['', '[', 'a[b', '[]', '[!]', '[z-a]', 'x[]'])('%j is none', (pattern) => {
    expect(compilePattern(pattern)).toEqual(expect.any(String))
  })

  it('takes no more than a moment for a name made to be slow', () => {
    const name = 'a'.repeat(1000)
    const start = performance.now()
    expect(fits(`${'*a'.repeat(30)}*b`, name)).toBe(false)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})

const rule = (text: string): FilterRule => ({
  action: text.startsWith('+') ? 'include' : 'exclude',
  pattern: text.slice(2),
})
const isMeant = (options: FilterOptions, entry: { name?: string; size?: number; at?: number }) =>
  createFilter(options)({
    name: entry.name ?? 'a',
    size: entry.size ?? 10,
    mtimeMs: entry.at ?? 100,
  })

describe('a filter', () => {
  it.each([
    [[], 'a', true],
    [['- *'], 'a', false],
    [['- *', '+ *.txt'], 'a/b.txt', true],
    [['- *', '+ *.txt'], 'a/b.jpg', false],
    [['+ *.txt', '- *'], 'a.txt', false],
    [['+ *.txt'], 'a.jpg', true],
    [['- a/*', '+ a/b/*', '- a/b/c'], 'a/x', false],
    [['- a/*', '+ a/b/*', '- a/b/c'], 'a/b/x', true],
    [['- a/*', '+ a/b/*', '- a/b/c'], 'a/b/c', false],
    [['- a'], 'a/b', true],
  ])('with the rules %j, of which the last that fits decides: %s', (rules, name, isIncluded) => {
    expect(isMeant({ rules: rules.map(rule) }, { name })).toBe(isIncluded)
  })

  it('includes sizes from the smallest to the largest', () => {
    const options = { minSize: 5, maxSize: 10 }
    expect([4, 5, 10, 11].map((size) => isMeant(options, { size }))).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('includes what is newer and older than two times, and not from these', () => {
    const options = { newerThanMs: 100, olderThanMs: 200 }
    expect([99, 100, 101, 199, 200].map((at) => isMeant(options, { at }))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ])
  })

  it('refuses a pattern that is none', () => {
    expect(() => createFilter({ rules: [rule('- a[')] })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        message: '`a[` is no pattern. `[` in it is no set of characters; for `[` write `[[]`.',
        context: { option: 'exclude' },
      }),
    )
  })
})

describe('a file of rules', () => {
  it('has a rule a line', () => {
    const text = '\ufeff# all but text\r\n- *\n\n  +   *.txt  \n+ #a\n-\t[ ]b'
    expect(parseFilterRules(text, 'rules')).toEqual(['- *', '+ *.txt', '+ #a', '- [ ]b'].map(rule))
    expect(parseFilterRules('', 'rules')).toEqual([])
  })

  it.each([
    ['- a\n*.txt', 'rules, line 2: expected `+ pattern` or `- pattern`.'],
    ['+', 'rules, line 1: expected `+ pattern` or `- pattern`.'],
    ['-a', 'rules, line 1: expected `+ pattern` or `- pattern`.'],
    ['\n\n+ [a', 'rules, line 3: `[a` is no pattern.'],
  ])('is refused with the line: %j', (text, message) => {
    expect(() => parseFilterRules(text, 'rules')).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        message: expect.stringContaining(message),
      }),
    )
  })
})

describe('a bound of time', () => {
  const now = Date.UTC(2026, 5, 15)

  it.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T10:00Z', '2026-01-31T10:00:00.000Z'],
    ['2026-01-31T10:00', '2026-01-31T10:00:00.000Z'],
    ['2026-01-31 10:00:01', '2026-01-31T10:00:01.000Z'],
    ['2026-01-31T10:00:01.5+02:00', '2026-01-31T08:00:01.500Z'],
    ['2026-01-31T10:00-0130', '2026-01-31T11:30:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['30d', '2026-05-16T00:00:00.000Z'],
    ['12h', '2026-06-14T12:00:00.000Z'],
    ['1.5d', '2026-06-13T12:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(parseTimeBound('newerThan', text, now)).toISOString()).toBe(expected)
  })

  it.each([
    '',
    '2026',
    '20260131',
    '2026-02-30',
    '2026-13-01',
    '2026-01-31T25:00',
    '30',
    '3w',
    '-1d',
    'now',
  ])('%j is none', (text) => {
    expect(() => parseTimeBound('newerThan', text, now)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option: 'newerThan' } }),
    )
  })
})

describe('filterBy', () => {
  it('takes rules and bounds, or a function', () => {
    const entry = { name: 'a', size: 5, mtimeMs: 0 }
    expect(filterBy({ minSize: 6 })(entry)).toBe(false)
    expect(filterBy({ rules: [rule('- b')], maxSize: 5 })(entry)).toBe(true)
    const none = (): boolean => false
    expect(filterBy(none)).toBe(none)
  })

  it.each([
    null,
    'a*',
    { minsize: 1 },
    { minSize: '1' },
    { newerThanMs: Number.NaN },
    { rules: 'a' },
    { rules: [null] },
    { rules: [{ action: 'keep', pattern: 'a' }] },
    { rules: [{ action: 'include' }] },
  ])('refuses %j', (wish) => {
    expect(() => filterBy(wish as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option: 'filter' } }),
    )
  })
})
