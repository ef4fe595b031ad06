/** Patterns against the plainest way to match them, and filters against their rule. */

import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createFilter, type FilterRule } from '../../src/tree/filters.ts'
import { compilePattern } from '../../src/tree/patterns.ts'

const token = fc.constantFrom('*', '?', 'a', 'b', '/', '.', '😀', '[ab]', '[!ab]', '[a-c]', '[]-]')
const tokens = fc.array(token, { minLength: 1, maxLength: 8 })
const name = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', '/', '.', '-', ']', '\n', '😀'),
  maxLength: 10,
})

/** What each token takes, by trying all ways. */
function fits([token, ...others]: readonly string[], text: readonly string[]): boolean {
  if (token === undefined) return text.length === 0
  if (token === '*') return [...text, ''].some((_, skip) => fits(others, text.slice(skip)))
  const [first, ...rest] = text
  return first !== undefined && takes(token, first) && fits(others, rest)
}

function takes(token: string, character: string): boolean {
  if (token === '?') return true
  if (!token.startsWith('[')) return token === character
  if (token === '[!ab]') return !'ab'.includes(character)
  return { '[ab]': 'ab', '[a-c]': 'abc', '[]-]': ']-' }[token]?.includes(character) === true
}

it('fits a pattern as trying all ways does', () => {
  fc.assert(
    fc.property(tokens, name, (pattern, text) => {
      const expression = compilePattern(pattern.join(''))
      if (typeof expression === 'string') throw new Error(expression)
      expect(expression.test(text)).toBe(fits(pattern, [...text]))
    }),
    { numRuns: 10_000 },
  )
})

it('makes every text a pattern or says why not', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'[]!-^\\*?ab.{}/($'), maxLength: 8 }),
      (text) => {
        expect(compilePattern(text)).toSatisfy(
          (made: unknown) => made instanceof RegExp || typeof made === 'string',
        )
      },
    ),
    { numRuns: 5000 },
  )
})

it('lets the last rule that fits decide', () => {
  const rule = fc.record<FilterRule>({
    action: fc.constantFrom('include', 'exclude'),
    pattern: tokens.map((all) => all.join('')),
  })
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), name, (rules, text) => {
      let isIncluded = true
      for (const { action, pattern } of rules) {
        if (!createFilter({ rules: [{ action: 'exclude', pattern }] })(entry(text))) {
          isIncluded = action === 'include'
        }
      }
      expect(createFilter({ rules })(entry(text))).toBe(isIncluded)
    }),
  )
})

function entry(text: string): { name: string; size: number; mtimeMs: number } {
  return { name: text, size: 1, mtimeMs: 1 }
}
