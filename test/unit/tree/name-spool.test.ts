import { describe, expect, it } from 'vitest'
import { NameSpool } from '../../../src/tree/name-spool.ts'

describe('a spool of names', () => {
  it('gives back all of them, in order, more than once', () => {
    const names = Array.from({ length: 40_000 }, (_, n) => `päth/${'x'.repeat(n % 90)}/${n}.bin`)
    const spool = new NameSpool()
    for (const name of names) spool.add(name)
    expect(spool.length).toBe(names.length)
    expect([...spool]).toEqual(names)
    expect([...spool]).toEqual(names)
  })

  it('takes a name longer than a block, and is empty at first', () => {
    const spool = new NameSpool()
    expect([...spool]).toEqual([])
    const long = 'y'.repeat(3 * 1024 * 1024)
    spool.add('a')
    spool.add(long)
    spool.add('b')
    expect([...spool]).toEqual(['a', long, 'b'])
  })
})
