/** A walk finds every file of any tree once, in the order of keys. */

import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { walk } from '../../src/tree/walk.ts'
import { collect } from '../helpers/collect.ts'

const segment = fc
  .string({
    unit: fc.constantFrom('a', 'b', '-', '.', '0', 'é', '\uffee', '😀'),
    minLength: 1,
    maxLength: 3,
  })
  .filter((text) => text !== '.' && text !== '..')
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))

it('finds every file of any tree once, in the order of keys', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { maxLength: 60 }), async (paths) => {
      const root = mkdtempSync(join(tmpdir(), 'transfer-engine-test-'))
      try {
        const made = paths.filter((name) => makeFile(join(root, name)))
        const expected = made.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        const found = await collect(walk(root))
        expect(found.map(({ name }) => name)).toEqual(expected)
        expect(found.every((entry) => 'path' in entry && statSync(entry.path).isFile())).toBe(true)
      } finally {
        rmSync(root, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
})

/** False where a file and a directory would have the same name. */
function makeFile(file: string): boolean {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '')
    return true
  } catch {
    return false
  }
}
