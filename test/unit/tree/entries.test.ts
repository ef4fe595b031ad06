import { describe, expect, it } from 'vitest'
import { isFailure, isSkipped, type ObjectEntry } from '../../../src/tree/entries.ts'

describe('entries', () => {
  it('tell what was left out from what is there', () => {
    const entry: ObjectEntry = { name: 'a', key: 'p/a', size: 1, mtimeMs: 0, etag: '"e"' }
    expect(isSkipped(entry)).toBe(false)
    expect(isSkipped({ name: 'a', reason: 'special-file' })).toBe(true)
  })

  it('tell what should have been moved from what was to be left out', () => {
    expect(isFailure('unreadable')).toBe(true)
    expect(isFailure('name-unsafe')).toBe(true)
    expect(isFailure('symbolic-link')).toBe(false)
    expect(isFailure('folder-marker')).toBe(false)
  })
})
