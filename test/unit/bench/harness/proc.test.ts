/** Numbers out of /proc. */

import { describe, expect, it } from 'vitest'
import { parseChildren, parseHighWater, parseReapedTime } from '../../../../bench/harness/proc.ts'

const STAT =
  '4242 (a name) S) S 1 4242 4242 0 -1 4194560 100 200 3 4 11 12 1234 567 20 0 11 0 99 1000 200\n'

describe('CPU time of descendants', () => {
  it('is read behind a name that holds blanks and brackets, in seconds', () => {
    expect(parseReapedTime(STAT)).toEqual({ user: 12.34, system: 5.67 })
  })

  it('is not that of the process itself', () => {
    const { user, system } = parseReapedTime(STAT)
    expect([user, system]).not.toContain(0.11)
    expect([user, system]).not.toContain(0.12)
  })
})

describe('peak memory', () => {
  it('is the high-water mark in bytes', () => {
    expect(parseHighWater('Name:\tnode\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n')).toBe(2048 * 1024)
  })

  it('is nothing for a process that has ended', () => {
    expect(parseHighWater('')).toBe(0)
    expect(parseHighWater('Name:\tsh\nState:\tZ (zombie)\n')).toBe(0)
  })
})

describe('children', () => {
  it('are the numbers between blanks', () => {
    expect(parseChildren('12 345 ')).toEqual([12, 345])
    expect(parseChildren('')).toEqual([])
  })
})
