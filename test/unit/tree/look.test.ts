import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Looker } from '../../../src/tree/look.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const root = useTemporaryDirectory()
const CHILD = { name: 'a', file: 'a', kind: 'file' } as const

it('waits for nobody after a look that took long, and tries again later', async () => {
  const path = join(root(), 'a')
  writeFileSync(path, 'abc')
  let now = 0
  let takes = 0.4
  const looker = new Looker(() => (now += takes))
  expect(looker.look(path, 'a', CHILD)).toMatchObject({ name: 'a', size: 3 })
  expect(looker.isQuick).toBe(true)
  takes = 0.6
  expect(looker.look(path, 'a', CHILD)).toMatchObject({ size: 3 })
  let slow = 0
  for (; !looker.isQuick; slow += 1) {
    const looked = looker.look(path, 'a', CHILD)
    expect(looked).toBeInstanceOf(Promise)
    expect(await looked).toMatchObject({ name: 'a', size: 3 })
  }
  expect(slow).toBe(1024)
  expect(looker.look(path, 'a', CHILD)).toMatchObject({ size: 3 })
})

it('tells the same of what is missing and of what is no file, at once or later', async () => {
  mkdirSync(join(root(), 'b'))
  for (const name of ['a', 'b']) {
    const path = join(root(), name)
    const looker = new Looker(() => (now += 1))
    let now = 0
    const atOnce = looker.look(path, name, CHILD)
    const later = looker.look(path, name, CHILD)
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toEqual(atOnce)
    expect(atOnce).toMatchObject({ name, reason: 'vanished' })
  }
})
