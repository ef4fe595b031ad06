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
  let takes = 4
  const looker = new Looker(() => (now += takes))
  const look = () => looker.look(path, 'a', CHILD)
  for (let set = 0; set < 3; set += 1) {
    looker.begin()
    for (let count = 0; count < 4; count += 1) expect(look()).toMatchObject({ name: 'a', size: 3 })
    expect(looker.isQuick, 'sixteen milliseconds for a set').toBe(true)
  }
  takes = 4.1
  looker.begin()
  for (let count = 0; count < 4; count += 1) expect(look()).toMatchObject({ size: 3 })
  let slow = 0
  for (; !looker.isQuick; slow += 1) {
    const looked = look()
    expect(looked).toBeInstanceOf(Promise)
    expect(await looked).toMatchObject({ name: 'a', size: 3 })
  }
  expect(slow).toBe(1024)
  expect(look()).toMatchObject({ size: 3 })
})

it('tells the same of what is missing and of what is no file, at once or later', async () => {
  mkdirSync(join(root(), 'b'))
  for (const name of ['a', 'b']) {
    const path = join(root(), name)
    let now = 0
    const looker = new Looker(() => (now += 20))
    const atOnce = looker.look(path, name, CHILD)
    const later = looker.look(path, name, CHILD)
    expect(later).toBeInstanceOf(Promise)
    expect(await later).toEqual(atOnce)
    expect(atOnce).toMatchObject({ name, reason: 'vanished' })
  }
})
