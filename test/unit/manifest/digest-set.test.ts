import { expect, it } from 'vitest'
import { DigestSet } from '../../../src/manifest/digest-set.ts'

it('knows which of many names it was given, each once', () => {
  const set = new DigestSet()
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 10_000; index += 1) set.add(`directory/${index}`)
  }
  expect(set.size).toBe(10_000)
  const known = Array.from({ length: 20_000 }, (_, index) => set.has(`directory/${index}`))
  expect(known.lastIndexOf(true)).toBe(9999)
  expect(known.indexOf(false)).toBe(10_000)
  expect(set.has('')).toBe(false)
})
