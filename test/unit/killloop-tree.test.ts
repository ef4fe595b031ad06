/** What the kill loop of trees looks at finds what must not be. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { DiskView } from '../killloop/disk-view.ts'
import { filesBelow, fingerprints, makeHostileTree } from '../killloop/hostile-tree.ts'
import { checkCopy, checkState, type TreeEnds } from '../killloop/tree-ends.ts'
import { checkRun, type TreeWatch } from '../killloop/tree-watch.ts'

const directory = useTemporaryDirectory()

const place = (name: string): string => join(directory(), name)

/** A copy that is its source, and nothing left. */
function ends(): TreeEnds {
  const [copy, stateDir] = [place('copy'), place('state')]
  const view = new DiskView(place('store'))
  return { view, watch: {} as TreeWatch, copy, stateDir, expected: fingerprints(place('source')) }
}

beforeEach(async () => {
  for (const name of ['upload', 'part', 'version']) {
    mkdirSync(place(`store/records/${name}`), { recursive: true })
  }
  for (const name of ['state/journals', 'state/uploads', 'state/trees', 'source', 'copy']) {
    mkdirSync(place(name), { recursive: true })
  }
  for (const name of ['source', 'copy']) await makeHostileTree(place(name), { small: 50, huge: [] })
})

test('the tree has names of every kind, each once, and empty files', () => {
  const names = filesBelow(place('source'))
  expect(names).toHaveLength(50)
  expect(names.some((name) => name.normalize('NFC') !== name)).toBe(true)
  expect(names.some((name) => name.includes('\n'))).toBe(true)
  expect(
    [...fingerprints(place('source')).values()].filter((each) => each.startsWith('0 ')),
  ).toHaveLength(5)
})

describe('a run', () => {
  const [a, b] = [
    { name: 'u/1', key: 'a' },
    { name: 'u/2', key: 'a' },
  ]

  test('may move what was not safe, once', () => {
    expect(() => checkRun([a, b], () => false)).not.toThrow()
    expect(() => checkRun([a, b], ({ name }) => name === 'u/2')).toThrow(/it was safe before/)
    expect(() => checkRun([a, b, a], () => false)).toThrow(/is moved once by one run/)
  })
})

describe('the end', () => {
  test('is good when nothing is amiss', () => {
    expect(() => checkCopy(ends())).not.toThrow()
    expect(() => checkState(ends())).not.toThrow()
  })

  test('is not with another byte, a missing file, or one more', () => {
    writeFileSync(place('copy/constructor'), 'x')
    expect(() => checkCopy(ends())).toThrow(/constructor/)
    rmSync(place('copy/constructor'))
    expect(() => checkCopy(ends())).toThrow(/missing/)
  })

  test('is not with a file that the source does not have', () => {
    writeFileSync(place('copy/besides'), '')
    expect(() => checkCopy(ends())).toThrow(/besides/)
  })

  test('is not with a temporary file', () => {
    writeFileSync(place('copy/.a\nb.01234567.part'), '')
    expect(() => checkCopy(ends())).toThrow(/no temporary file is left/)
  })

  test.each([
    ['journals/0123.journal', /no journal is left/],
    ['journals/0123.host.lock', /no lock is left/],
    ['trees/0123.json', /no tree is noted/],
    ['uploads/0123.json', /no upload is noted that is not open/],
  ])('is not with %s', (name, message) => {
    writeFileSync(place(`state/${name}`), '')
    expect(() => checkState(ends())).toThrow(message)
  })
})
