import { describe, expect, it } from 'vitest'
import { SharedBuffers } from '../../../src/pool/shared-buffers.ts'

describe('SharedBuffers', () => {
  it('uses memory again while some is out', () => {
    const buffers = new SharedBuffers(64 * 1024 * 1024)
    const first = buffers.take(1000)
    const second = buffers.take(1000)
    expect(second).not.toBe(first)
    buffers.give(first)
    expect(buffers.take(900)).toBe(first)
  })

  it('gives no buffer that is too small', () => {
    const buffers = new SharedBuffers(64 * 1024 * 1024)
    const small = buffers.take(10)
    const other = buffers.take(10)
    buffers.give(small)
    const large = buffers.take(17)
    expect(large.byteLength).toBeGreaterThanOrEqual(17)
    expect([small, other]).not.toContain(large)
  })

  it('lends no large buffer for a small need, so that budgets mean what they say', () => {
    const buffers = new SharedBuffers(64 * 1024 * 1024)
    const large = buffers.take(8 * 1024 * 1024)
    buffers.take(1)
    buffers.give(large)
    expect(buffers.take(5_000_000).byteLength).toBeLessThan(6 * 1024 * 1024)
  })

  it('keeps no more for later than it may', () => {
    const buffers = new SharedBuffers(1024)
    const first = buffers.take(1024)
    const second = buffers.take(1024)
    buffers.take(1024)
    buffers.give(first)
    buffers.give(second)
    expect(buffers.take(1024)).toBe(first)
    expect(buffers.take(1024)).not.toBe(second)
  })

  it('lets go of all memory when none is out any more', () => {
    const buffers = new SharedBuffers(64 * 1024 * 1024)
    const first = buffers.take(1000)
    buffers.give(first)
    expect(buffers.take(1000)).not.toBe(first)
  })
})
