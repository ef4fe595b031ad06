import { describe, expect, it } from 'vitest'
import { parsePairs } from '../../../src/cli/pairs.ts'

const pairsOf = (...texts: string[]): Record<string, string> => {
  let pairs: unknown
  for (const text of texts) pairs = parsePairs('--metadata', text, pairs)
  return Object.fromEntries(pairs as Map<string, string>)
}

describe('name=value flags', () => {
  it.each([
    [['k=v'], { k: 'v' }],
    [['a=1', 'b=2'], { a: '1', b: '2' }],
    [['a=1,b=2'], { a: '1', b: '2' }],
    [['note=one, two'], { note: 'one, two' }],
    [['url=https://host/?a=1&b=2'], { url: 'https://host/?a=1&b=2' }],
    [['empty='], { empty: '' }],
    [['{"a":"x,b=2","c":"="}'], { a: 'x,b=2', c: '=' }],
  ])('reads %j', (texts, expected) => {
    expect(pairsOf(...texts)).toEqual(expected)
  })

  it('keeps a name that means something to objects', () => {
    expect(Object.entries(pairsOf('__proto__=x'))).toEqual([['__proto__', 'x']])
  })

  it.each(['', 'name', '=value', '{"a":1}', '{broken'])('refuses %j', (text) => {
    expect(() => pairsOf(text)).toThrow(/--metadata/)
  })

  it('refuses a name given twice', () => {
    expect(() => pairsOf('a=1', 'a=2')).toThrow("--metadata has 'a' twice")
  })
})
