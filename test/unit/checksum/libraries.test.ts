import { describe, expect, it } from 'vitest'

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
    expect(checksumOf(loadPortableCrc32())).toBe(checksumOf(loadCrc32()))
  })

  it('agree with the native one on CRC32C', async () => {
    expect(checksumOf(await loadPortableCrc32c())).toBe(checksumOf(await loadCrc32c()))
  })

  it('take over where the native one does not load', async () => {
    const missing = 'no-binary-for-this-platform'
    const portable = [checksumOf(loadPortableCrc32()), checksumOf(await loadPortableCrc32c())]
    expect([checksumOf(loadCrc32(missing)), checksumOf(await loadCrc32c(missing))]).toEqual(
      portable,
    )
  })
})
