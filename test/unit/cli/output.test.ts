import { describe, expect, it } from 'vitest'
import { displayWidth, escapeText, fitText, jsonLine } from '../../../src/cli/output.ts'

const ESC = '\u001B'

describe('text for a terminal', () => {
  it.each([
    ['plain key/ü 漢字 🎉', 'plain key/ü 漢字 🎉'],
    [`${ESC}[2Jgone`, String.raw`\u001b[2Jgone`],
    ['a\nb\rc\td', String.raw`a\nb\rc\td`],
    ['\u009B31m', String.raw`\u009b31m`],
    ['x\u202Etxt.exe', String.raw`x\u202etxt.exe`],
    ['zero\u200Bwidth', String.raw`zero\u200bwidth`],
    ['half \uD800', String.raw`half \ud800`],
    ['tag \u{E0041}', String.raw`tag \udb40\udc41`],
    ['line\u2028end', String.raw`line\u2028end`],
    ['bell\u0007 delete\u007F', String.raw`bell\u0007 delete\u007f`],
  ])('shows %j as it is', (text, shown) => {
    expect(escapeText(text)).toBe(shown)
  })
})

describe('lines of JSON', () => {
  it('is one line, and reads back as what was written', () => {
    const key = `a\n${ESC}[31m\u202E\u200Bü`
    const line = jsonLine({ event: 'start', key })
    expect(line).toMatch(/^[^\n]+\n$/)
    for (const unsafe of [ESC, '\u202E', '\u200B']) expect(line).not.toContain(unsafe)
    expect(JSON.parse(line)).toEqual({ event: 'start', key })
  })

  it('has null where nothing is known, so that the shape stays', () => {
    expect(jsonLine({ size: undefined, object: { versionId: undefined } })).toBe(
      '{"size":null,"object":{"versionId":null}}\n',
    )
  })
})

describe('width of text', () => {
  it('counts columns, not code units', () => {
    expect(displayWidth('abc')).toBe(3)
    expect(displayWidth('漢字')).toBe(4)
    expect(displayWidth('🎉')).toBe(2)
    expect(displayWidth('e\u0301')).toBe(1)
  })

  it.each([
    ['short', 10, 'short'],
    ['exactly', 7, 'exactly'],
    ['much too long', 6, 'much …'],
    ['漢字漢字', 6, '漢字…'],
    ['abc', 0, ''],
  ])('fits %j into %i columns', (text, width, fitted) => {
    expect(fitText(text, width)).toBe(fitted)
    expect(displayWidth(fitText(text, width))).toBeLessThanOrEqual(width)
  })
})
