import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Framer, readLines } from '../../../src/journal/lines.ts'

function journal(...payloads: string[]): string {
  const framer = new Framer()
  return framer.header() + payloads.map((payload) => framer.line(payload)).join('')
}

function read(text: string) {
  return readLines(Buffer.from(text, 'latin1'))
}

function headerOf(version: number): string {
  const text = `transfer-engine-journal ${version}`
  return `${text} ${crc32(text).toString(16).padStart(8, '0')}\n`
}

describe('the lines of a journal', () => {
  it('come back as they were written', () => {
    const text = journal('{"a":1}', '{"b":2}')
    expect(read(text)).toEqual({ version: 1, payloads: ['{"a":1}', '{"b":2}'], isTorn: false })
  })

  it('are ASCII whatever they say, so that no terminal obeys a key', () => {
    const odd = JSON.stringify({ key: 'ä\u{1F600}\u001B[2J\u009B\u202E\n\uD800' })
    const text = journal(odd)
    expect(text).toMatch(/^[\x20-\x7e\n]*$/)
    expect(JSON.parse(read(text).payloads[0] ?? '')).toEqual(JSON.parse(odd))
  })

  it.each([
    ['nothing at all', ''],
    ['another file', 'PK\u0003\u0004'],
    ['a header with another sum', `transfer-engine-journal 1 00000000\n`],
    ['a header that is torn', headerOf(1).trimEnd()],
  ])('of %s are none', (_, text) => {
    expect(read(text)).toEqual({ version: undefined, payloads: [], isTorn: true })
  })

  it('of a newer version are not read', () => {
    const text = `${headerOf(2)}what version 2 writes\n`
    expect(read(text)).toEqual({ version: 2, payloads: [], isTorn: false })
  })

  it.each<[string, (lines: string[]) => string[]]>([
    ['missing', (lines) => lines.toSpliced(2, 1)],
    ['there twice', (lines) => lines.toSpliced(2, 0, lines[1] ?? '')],
    ['out of order', (lines) => lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? '')],
    [
      'of another journal',
      (lines) => lines.toSpliced(2, 1, journal('{"x":0}', '{"b":2}').split('\n')[2] ?? ''),
    ],
    ['without an end', (lines) => [...lines.slice(0, 2), (lines[2] ?? '').slice(0, -1)]],
  ])('end before one that is %s', (_, change) => {
    const lines = journal('{"a":1}', '{"b":2}', '{"c":3}').split('\n')
    const found = read(change(lines).join('\n'))
    expect(found).toEqual({ version: 1, payloads: ['{"a":1}'], isTorn: true })
  })

  it('have a bounded length', () => {
    const long = JSON.stringify({ a: 'x'.repeat(256 * 1024) })
    expect(() => new Framer().line(long)).toThrow(/at most/)
    const line = `${crc32(long).toString(16).padStart(8, '0')} ${long.length} ${long}\n`
    expect(read(headerOf(1) + line)).toMatchObject({ payloads: [], isTorn: true })
  })
})
