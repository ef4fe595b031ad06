import { describe, expect, it, vi } from 'vitest'

import {
  loadCrc32,
  loadCrc32c,
  loadPortableCrc32,
  loadPortableCrc32c,
  type ChecksumFactory,
} from '../../../src/checksum/libraries.ts'

const bytes = Buffer.alloc(300_000, 'not all zeroes, and longer than a chunk ')

function checksumOf(start: ChecksumFactory): string {
  const checksum = start()
  checksum.update(bytes.subarray(0, 70_001))
  checksum.update(bytes.subarray(70_001))
  return Buffer.from(checksum.digest()).toString('hex')
}

describe('the portable libraries', () => {
  it('agree with the native one on CRC32', async () => {
    expect(checksumOf(loadPortableCrc32())).toBe(checksumOf(await loadCrc32()))
  })

  it('agree with the native one on CRC32C', async () => {
    expect(checksumOf(await loadPortableCrc32c())).toBe(checksumOf(await loadCrc32c()))
  })

  it('take over where the native one does not load', async () => {
    const expected = [checksumOf(await loadCrc32()), checksumOf(await loadCrc32c())]
    vi.resetModules()
    vi.doMock('@node-rs/crc32', () => {
      throw new Error('no binary for this platform')
    })
    try {
      const fresh = await import('../../../src/checksum/libraries.ts')
      await expect(import('@node-rs/crc32')).rejects.toThrow('error when mocking')
      expect([checksumOf(await fresh.loadCrc32()), checksumOf(await fresh.loadCrc32c())]).toEqual(
        expected,
      )
    } finally {
      vi.doUnmock('@node-rs/crc32')
    }
  })
})
