/** The composite form in which a store keeps the CRC32 of an object uploaded in parts. */

import { expect, it } from 'vitest'
import { crc32 } from 'node:zlib'
import { compositeOf } from '../../../bench/workloads/stored-object.ts'

it('is the CRC32 of the checksums of the parts, and their number', () => {
  const parts = [crc32('one'), crc32('two')]
  const joined = Buffer.from(parts.map((crc) => crc.toString(16).padStart(8, '0')).join(''), 'hex')
  const expected = Buffer.from(crc32(joined).toString(16).padStart(8, '0'), 'hex')
  expect(compositeOf(parts)).toBe(`${expected.toString('base64')}-2`)
})
