/** What holds for all names: their order, and their way to a file and back. */

import { posix, win32 } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localName, pathBelow } from '../../src/tree/key-path.ts'
import { decodeSegment } from '../../src/tree/name-encoding.ts'
import { compareKeys } from '../../src/store/key-order.ts'

/** Few letters, so that names have beginnings in common, and from all ranges of Unicode. */
const unit = fc.constantFrom(
  'a',
  'b',
  '/',
  '.',
  '~',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
)
const name = fc.oneof(
  fc.string({ unit, maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
)

describe('the order of names', () => {
  it('is that of their bytes in UTF-8', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
      { numRuns: 5000 },
    )
  })
})

/** Pieces of which bad names are made. */
const piece = fc.constantFrom(
  ...'a B / // . .. % %- 2 5 E e %2F %2e \\ : C: con NUL com1 .txt * ? < " | é 😀 - +'.split(' '),
  ' ',
  '\0',
  '\u0007',
)
const key = fc.oneof(
  fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
)
const platform = fc.constantFrom<NodeJS.Platform>('linux', 'darwin', 'win32')

function isBelow(root: string, path: string, system: NodeJS.Platform): boolean {
  const { resolve, sep } = system === 'win32' ? win32 : posix
  return resolve(path).startsWith(`${resolve(root)}${sep}`)
}

describe('the file for a key', () => {
  it('is refused or below the root, and is the file of no other key', () => {
    fc.assert(
      fc.property(key, platform, fc.boolean(), (name, system, encodeNames) => {
        const local = localName(name, { platform: system, encodeNames })
        if (local.problem !== undefined) return
        const root = system === 'win32' ? 'D:\\the\\root' : '/the/root'
        const path = pathBelow(root, local.name, system)
        expect(isBelow(root, path, system)).toBe(true)
        // Nothing in it is taken away or joined on the way to the disk.
        const { resolve, relative, sep } = system === 'win32' ? win32 : posix
        expect(relative(root, resolve(path)).split(sep).join('/')).toBe(local.name)
      }),
      { numRuns: 5000 },
    )
  })

  it('is safe for every key when names are encoded, and tells its key', () => {
    fc.assert(
      fc.property(key, platform, (name, system) => {
        const local = localName(name, { platform: system, encodeNames: true })
        if (local.problem !== undefined) throw new Error(`${name} is refused: ${local.detail}`)
        expect(localName(local.name, { platform: system, encodeNames: false })).toEqual(local)
        expect(local.name.split('/').map(decodeSegment).join('/')).toBe(name)
      }),
      { numRuns: 5000 },
    )
  })

  it('differs, when names are encoded, also where case is ignored', () => {
    fc.assert(
      fc.property(key, key, platform, fc.nat(3), (a, other, system, likeness) => {
        const fileOf = (name: string): string => {
          const local = localName(name, { platform: system, encodeNames: true })
          return local.problem === undefined ? local.name.toLowerCase() : ''
        }
        // The name of the file as a key of its own is the likeliest to be taken for it.
        const b = [other, a.toUpperCase(), fileOf(a), fileOf(a).toUpperCase()][likeness] ?? other
        if (fileOf(a) === fileOf(b)) expect(a.toLowerCase()).toBe(b.toLowerCase())
      }),
      { numRuns: 5000 },
    )
  })
})
