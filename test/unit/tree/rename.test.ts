import { describe, expect, it } from 'vitest'
import { renameBy } from '../../../src/tree/rename.ts'

describe('renameBy', () => {
  it.each([
    ['(.*)\\.jpeg', '$1.jpg', 'a/b.jpeg', 'a/b.jpg'],
    ['old/(.*)', 'new/$1', 'old/x', 'new/x'],
    // The whole name, or it stays.
    ['old', 'new', 'older', 'older'],
    ['.*', 'one', 'two\nlines', 'one'],
  ])('%s → %s makes of %j %j', (pattern, replacement, name, renamed) => {
    expect(renameBy({ pattern, replacement })(name)).toBe(renamed)
  })

  it('leaves a function as it is', () => {
    const rename = (name: string): string => `${name}!`
    expect(renameBy(rename)).toBe(rename)
  })

  it.each([
    null,
    {},
    { pattern: 'a' },
    { pattern: 'a', replacement: 1 },
    { pattern: '(', replacement: '' },
  ])('refuses %j', (wish) => {
    expect(() => renameBy(wish as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option: 'rename' } }),
    )
  })
})
