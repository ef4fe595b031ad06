import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CollisionWatch, NameSet, type FoldRules } from '../../../src/tree/collisions.ts'
import { compareKeys } from '../../../src/store/key-order.ts'
import { probeCase } from '../../../src/tree/probe-file-system.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const EXACT = { foldsCase: false, foldsNormalForm: false }
const CASE = { foldsCase: true, foldsNormalForm: false }
const FORM = { foldsCase: false, foldsNormalForm: true }
const BOTH = { foldsCase: true, foldsNormalForm: true }

/** `name = other (kind)` for each name that collides. */
function found(names: readonly string[], rules: FoldRules): string[] {
  const watch = new CollisionWatch(rules)
  return names.toSorted(compareKeys).flatMap((name) => {
    const collision = watch.check(name)
    return collision === undefined ? [] : [`${name} = ${collision.other} (${collision.kind})`]
  })
}

describe('names that would be one file', () => {
  it.each([EXACT, CASE, FORM, BOTH])(
    'are a file and a directory, on any file system: %j',
    (rules) => {
      expect(found(['a', 'a.b', 'a/c', 'a/d', 'a0'], rules)).toEqual([
        'a/c = a (file-and-directory)',
        'a/d = a (file-and-directory)',
      ])
      expect(found(['x/a', 'x/a!', 'x/a!b/c', 'x/a-', 'x/a/b/c'], rules)).toEqual([
        'x/a/b/c = x/a (file-and-directory)',
      ])
      expect(found(['a', 'a/'], rules)).toEqual(['a/ = a (file-and-directory)'])
      expect(found(['a/', 'a/b', 'ab', 'ab/'], rules)).toEqual(['ab/ = ab (file-and-directory)'])
    },
  )

  it('are no others where names are not folded', () => {
    expect(found(['A', 'a', 'é', 'e\u0301', 'b/A', 'b/a', 'B/a'], EXACT)).toEqual([])
  })

  it('differ in case', () => {
    expect(found(['README', 'a', 'readme', 'b/X', 'b/x', 'c/x'], CASE)).toEqual([
      'b/x = b/X (case)',
      'readme = README (case)',
    ])
    expect(found(['STRASSE', 'straße', 'É', 'é'], CASE)).toEqual([
      'straße = STRASSE (case)',
      'é = É (case)',
    ])
    expect(found(['é', 'e\u0301'], CASE)).toEqual([])
  })

  it('differ in normal form', () => {
    expect(found(['é', 'e\u0301', 'É'], FORM)).toEqual(['é = e\u0301 (normal-form)'])
    expect(found(['é', 'e\u0301', 'É'], BOTH)).toEqual([
      'É = e\u0301 (case)',
      'é = e\u0301 (normal-form)',
    ])
  })

  it('differ in the order of marks, of which one becomes a letter in capitals', () => {
    expect(found(['α\u0345\u0301', 'α\u0301\u0345'], BOTH)).toHaveLength(1)
  })

  it('differ in the case of a directory, or of a file and a directory', () => {
    expect(found(['Photos/1', 'Photos/2', 'photos/3', 'photos/x/4'], CASE)).toEqual([
      'photos/3 = Photos/ (case)',
      'photos/x/4 = Photos/ (case)',
    ])
    expect(found(['A', 'a/b'], CASE)).toEqual(['a/b = A (file-and-directory)'])
    expect(found(['A/b', 'a'], CASE)).toEqual(['a = A/ (file-and-directory)'])
    expect(found(['x/Y/1', 'x/a', 'x/y/1', 'x/y/2'], CASE)).toEqual([
      'x/y/1 = x/Y/ (case)',
      'x/y/2 = x/Y/ (case)',
    ])
  })

  it('are found again in a directory that names behind it have left and come back to', () => {
    // `a.b` lies between `a-/x` and `a/…`, and `a/…` between it and `a0`.
    expect(found(['a/X', 'a/b/1', 'a/c', 'a/x', 'a.b', 'A.B'], CASE)).toEqual([
      'a.b = A.B (case)',
      'a/x = a/X (case)',
    ])
  })

  it('must come in order', () => {
    const watch = new CollisionWatch(EXACT)
    watch.check('b')
    expect(() => watch.check('a')).toThrow('names come in order')
  })

  it('are the first of all that fold to one place, as a plain search finds them', () => {
    const segment = fc.string({
      unit: fc.constantFrom('a', 'A', 'b', '.', 'é', 'E\u0301'),
      minLength: 1,
      maxLength: 2,
    })
    const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((all) => all.join('/'))
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 20 }),
        fc.constantFrom(EXACT, CASE, FORM, BOTH),
        (names, rules) => {
          const watch = new CollisionWatch(rules)
          const written: string[] = []
          for (const next of names.toSorted(compareKeys)) {
            const collides = written.some((earlier) => isOneFile(earlier, next, rules))
            const collision = watch.check(next)
            // Directories that fold to one collide as well, so more may be told, never less.
            if (collides) expect(collision).toBeDefined()
            if (collision === undefined) written.push(next)
            else if (!collides) expect(rules).not.toBe(EXACT)
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

function isOneFile(a: string, b: string, rules: FoldRules): boolean {
  const [first, second] = [a, b].map((name) => {
    const formed = rules.foldsNormalForm ? name.normalize('NFD') : name
    return rules.foldsCase ? formed.toLowerCase() : formed
  }) as [string, string]
  return first === second || first.startsWith(`${second}/`) || second.startsWith(`${first}/`)
}

describe('a probe of a file system', () => {
  const directory = useTemporaryDirectory()

  it('tells what it folds, and leaves nothing behind', async () => {
    const rules = await probeCase(directory())
    if (process.platform === 'linux') expect(rules).toEqual(EXACT)
    if (process.platform === 'win32') expect(rules).toEqual(CASE)
    expect(readdirSync(directory())).toEqual([])
  })

  it('fails where it cannot write', async () => {
    await expect(probeCase(join(directory(), 'none'))).rejects.toMatchObject({
      code: 'ERR_TARGET_UNWRITABLE',
    })
  })
})

describe('names in any order', () => {
  const check = (names: readonly string[], rules: FoldRules): (string | undefined)[] => {
    const set = new NameSet(rules)
    return names.map((name) => {
      const collision = set.check(name)
      return collision === undefined ? undefined : `${collision.kind} ${collision.other}`
    })
  }

  it('collide where they fold to one, as files or directories', () => {
    const rules = { foldsCase: true, foldsNormalForm: true }
    const names = ['b/x', 'a', 'B/y', 'A', 'a/b', 'b', 'b/x', '\u00e9', 'e\u0301']
    expect(check(names, rules)).toEqual([
      undefined,
      undefined,
      'case b/',
      'case a',
      'file-and-directory a',
      'file-and-directory b/',
      undefined,
      undefined,
      'normal-form \u00e9',
    ])
  })

  it('are not held where nothing folds', () => {
    const rules = { foldsCase: false, foldsNormalForm: false }
    expect(check(['a', 'A', 'a/b'], rules)).toEqual([undefined, undefined, undefined])
  })
})
