import { posix, win32 } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isFolderMarker, localName, pathBelow } from '../../../src/tree/key-path.ts'
import { decodeSegment } from '../../../src/tree/name-encoding.ts'

/** The key for a name, as a walk reads it back. */
const keyOf = (name: string): string => name.split('/').map(decodeSegment).join('/')

const plain = (name: string, platform: NodeJS.Platform = 'linux') =>
  localName(name, { platform, encodeNames: false })
const encoded = (name: string, platform: NodeJS.Platform = 'linux') =>
  localName(name, { platform, encodeNames: true })

describe('the file for a key', () => {
  it.each(['a', 'a/b', 'file..txt', '...', '..a/b..', '.hidden', 'a b', 'é/😀', '100%', '%41'])(
    'has the name of the key: %s',
    (name) => {
      expect(plain(name)).toEqual({ name })
    },
  )

  it.each([
    ['', 'empty'],
    ['..', 'dot-segment'],
    ['../a', 'dot-segment'],
    ['a/../../b', 'dot-segment'],
    ['a/..', 'dot-segment'],
    ['./a', 'dot-segment'],
    ['a/./b', 'dot-segment'],
    ['/etc/passwd', 'absolute'],
    ['//server/share', 'absolute'],
    ['a//b', 'empty-segment'],
    ['a/', 'empty-segment'],
    ['a\0b', 'nul'],
    ['x'.repeat(256), 'too-long'],
    [`a/${'é'.repeat(128)}/b`, 'too-long'],
  ])('is refused on every system: %j is %s', (name, problem) => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(plain(name, platform)).toMatchObject({ problem, detail: expect.any(String) })
    }
  })

  it('takes names up to 255 bytes', () => {
    for (const name of ['x'.repeat(255), `${'é'.repeat(127)}x`, '😀'.repeat(63)]) {
      expect(plain(name)).toEqual({ name })
    }
  })

  it.each([
    ['..\\a', 'reserved-character'],
    ['a\\..\\..\\b', 'reserved-character'],
    ['\\\\server\\share', 'absolute'],
    ['\\a', 'absolute'],
    ['C:\\a', 'absolute'],
    ['C:/a', 'absolute'],
    ['c:a', 'absolute'],
    ['a/C:', 'reserved-character'],
    ['a:b', 'absolute'],
    ['file:stream', 'reserved-character'],
    ['a?', 'reserved-character'],
    ['a*', 'reserved-character'],
    ['a"', 'reserved-character'],
    ['<a', 'reserved-character'],
    ['a>', 'reserved-character'],
    ['a|b', 'reserved-character'],
    ['a\tb', 'reserved-character'],
    ['a\u001f', 'reserved-character'],
    ['CON', 'reserved-name'],
    ['con', 'reserved-name'],
    ['a/nul.txt', 'reserved-name'],
    ['aux.tar.gz', 'reserved-name'],
    ['prn .txt', 'reserved-name'],
    ['COM1', 'reserved-name'],
    ['lpt9.log', 'reserved-name'],
    ['com¹', 'reserved-name'],
    ['CONIN$', 'reserved-name'],
    ['a.', 'trailing-dot-or-space'],
    ['a ', 'trailing-dot-or-space'],
    ['a /b', 'trailing-dot-or-space'],
    ['...', 'trailing-dot-or-space'],
  ])('is refused on Windows only: %j is %s', (name, problem) => {
    expect(plain(name, 'win32')).toMatchObject({ problem })
    expect(plain(name, 'linux')).toEqual({ name })
    expect(plain(name, 'darwin')).toEqual({ name })
  })

  it.each(['CONSOLE', 'com', 'com10', 'nul-a', 'a.con', 'lpt', 'a\u007f', 'a;b', "a'b"])(
    'is no device and no bad name on Windows: %j',
    (name) => {
      expect(plain(name, 'win32')).toEqual({ name })
    },
  )
})

describe('an encoded name', () => {
  it.each([
    ['a/b', 'a/b', 'a/b'],
    ['..', '%2E%2E', '%2E%2E'],
    ['a/./b', 'a/%2E/b', 'a/%2E/b'],
    ['/a', '%-/a', '%-/a'],
    ['a//b/', 'a/%-/b/%-', 'a/%-/b/%-'],
    ['%-', '%25-', '%25-'],
    ['a%-', 'a%-', 'a%-'],
    ['a\0', 'a%00', 'a%00'],
    ['100%', '100%', '100%'],
    ['a%41', 'a%2541', 'a%2541'],
    ['a%2f%c3', 'a%2f%c3', 'a%2f%c3'],
    ['a%3a', 'a%253a', 'a%253a'],
    ['%:', '%:', '%%3A'],
    ['con.txt', 'con.txt', '%63on.txt'],
    ['a/NUL', 'a/NUL', 'a/%4EUL'],
    ['a. .', 'a. .', 'a. %2E'],
    ['x\\y', 'x\\y', 'x%5Cy'],
    ['C:/a?', 'C:/a?', 'C%3A/a%3F'],
    ['a\u0001', 'a\u0001', 'a%01'],
  ])('of %j is %j, on Windows %j', (key, posixName, windowsName) => {
    expect(encoded(key)).toEqual({ name: posixName })
    expect(encoded(key, 'win32')).toEqual({ name: windowsName })
    expect(keyOf(posixName)).toBe(key)
    expect(keyOf(windowsName)).toBe(key)
  })

  it('is refused when it is too long for a file, or there is none', () => {
    expect(encoded('x'.repeat(256))).toMatchObject({ problem: 'too-long' })
    expect(encoded(`${'x'.repeat(250)}:::`, 'win32')).toMatchObject({ problem: 'too-long' })
    expect(encoded('')).toMatchObject({ problem: 'empty' })
  })
})

describe('the path of a name', () => {
  it('has the separators of the system', () => {
    expect(pathBelow('/base', 'a/b', 'linux')).toBe('/base/a/b')
    expect(pathBelow('/', 'a', 'linux')).toBe('/a')
    expect(pathBelow('.', 'a\\b', 'linux')).toBe('./a\\b')
    expect(pathBelow('C:\\root', 'a/b', 'win32')).toBe('C:\\root\\a\\b')
    expect(pathBelow('C:\\', 'a', 'win32')).toBe('C:\\a')
    expect(pathBelow('C:/base/', 'a', 'win32')).toBe('C:/base/a')
  })

  it('keeps a root whose name begins like another one', () => {
    expect(posix.relative('/dst', pathBelow('/dst', 'a', 'linux'))).toBe('a')
    expect(win32.relative('D:\\dst', pathBelow('D:\\dst', 'a', 'win32'))).toBe('a')
  })
})

describe('a folder marker', () => {
  it('is an object of no bytes whose key ends in a slash', () => {
    expect(isFolderMarker({ name: 'a/', size: 0 })).toBe(true)
    expect(isFolderMarker({ name: 'a/', size: 1 })).toBe(false)
    expect(isFolderMarker({ name: 'a', size: 0 })).toBe(false)
  })
})
