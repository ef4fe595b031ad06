import { createHash } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { loadChecksum, type ChecksumAlgorithm } from '../../../src/checksum/algorithms.ts'
import {
  combineAll,
  combineCrc,
  compositeChecksum,
  multipartEtag,
} from '../../../src/checksum/combine.ts'
import { TiB } from '../../../src/units.ts'

const COMBINABLE = ['CRC32', 'CRC32C', 'CRC64NVME'] as const

async function digestOf(algorithm: ChecksumAlgorithm, text: string): Promise<Uint8Array> {
  const checksum = (await loadChecksum(algorithm))()
  checksum.update(Buffer.from(text))
  return checksum.digest()
}

describe.each(COMBINABLE)('combineCrc of %s', (algorithm) => {
  it('joins two pieces into the checksum of the whole', async () => {
    const left = await digestOf(algorithm, '1234')
    const right = await digestOf(algorithm, '56789')
    const whole = await digestOf(algorithm, '123456789')
    expect(combineCrc(algorithm, left, right, 5)).toEqual(whole)
  })

  it('changes nothing when one of the pieces is empty', async () => {
    const piece = await digestOf(algorithm, 'piece')
    const empty = await digestOf(algorithm, '')
    expect(combineCrc(algorithm, piece, empty, 0)).toEqual(piece)
    expect(combineCrc(algorithm, empty, piece, 5)).toEqual(piece)
  })

  it('gives the same for 50 TiB however they are cut', async () => {
    const zeroes = await digestOf(algorithm, '\0')
    let [digest, length] = [zeroes, 1]
    while (length < 32 * TiB) {
      digest = combineCrc(algorithm, digest, digest, length)
      length *= 2
    }
    const tail = await digestOf(algorithm, 'the end')
    const left = combineCrc(algorithm, combineCrc(algorithm, zeroes, digest, length), tail, 7)
    const right = combineCrc(algorithm, digest, tail, 7)
    expect(combineCrc(algorithm, zeroes, right, length + 7)).toEqual(left)
  })

  it('notices parts that are swapped, missing or doubled', async () => {
    const [a, b, c] = await Promise.all(
      ['aaaa', 'bbbb', 'cc'].map(async (text) => ({
        digest: await digestOf(algorithm, text),
        length: text.length,
      })),
    )
    if (!a || !b || !c) throw new Error('three parts were made')
    const whole = await digestOf(algorithm, 'aaaabbbbcc')
    expect(combineAll(algorithm, [a, b, c])).toEqual(whole)
    for (const wrong of [[b, a, c], [a, c], [a, b, b, c], [a, b], []]) {
      expect(combineAll(algorithm, wrong)).not.toEqual(whole)
    }
  })

  it('keeps giving right answers after more lengths than it remembers', async () => {
    const left = await digestOf(algorithm, 'left')
    const right = await digestOf(algorithm, 'right')
    const before = combineCrc(algorithm, left, right, 5)
    for (let length = 0; length < 600; length += 1) combineCrc(algorithm, left, right, length)
    expect(combineCrc(algorithm, left, right, 5)).toEqual(before)
    expect(before).toEqual(await digestOf(algorithm, 'leftright'))
  })

  it('refuses digests and lengths that are none', () => {
    const digest = new Uint8Array(algorithm === 'CRC64NVME' ? 8 : 4)
    expect(() => combineCrc(algorithm, digest, digest.subarray(1), 1)).toThrow('bits')
    for (const length of [-1, 0.5, Number.NaN]) {
      expect(() => combineCrc(algorithm, digest, digest, length)).toThrow('count of bytes')
    }
  })
})

describe('combineAll', () => {
  it('of nothing is the checksum of no bytes', () => {
    expect(combineAll('CRC32', [])).toEqual(new Uint8Array(4))
    expect(combineAll('CRC64NVME', [])).toEqual(new Uint8Array(8))
  })
})

describe('compositeChecksum', () => {
  it('hashes the digests of the parts and counts them', async () => {
    const parts = [await digestOf('SHA256', 'one'), await digestOf('SHA256', 'two')]
    const hash = createHash('sha256').update(Buffer.concat(parts)).digest('base64')
    expect(await compositeChecksum('SHA256', parts)).toBe(`${hash}-2`)
  })

  it('takes the CRC of the CRCs', async () => {
    const parts = [await digestOf('CRC32C', 'one')]
    const checksum = (await loadChecksum('CRC32C'))()
    checksum.update(Buffer.concat(parts))
    const expected = Buffer.from(checksum.digest()).toString('base64')
    expect(await compositeChecksum('CRC32C', parts)).toBe(`${expected}-1`)
  })

  it('does not exist for CRC64NVME, for no parts, or for digests of another length', async () => {
    await expect(compositeChecksum('CRC64NVME', [new Uint8Array(8)])).rejects.toThrow('CRC64NVME')
    await expect(compositeChecksum('SHA1', [])).rejects.toThrow('has parts')
    await expect(compositeChecksum('SHA1', [new Uint8Array(19)])).rejects.toThrow('20 bytes')
  })
})

describe('multipartEtag', () => {
  it('is the MD5 of the MD5s of the parts and their number', () => {
    const md5s = ['one', 'two'].map((text) => createHash('md5').update(text).digest())
    const expected = createHash('md5').update(Buffer.concat(md5s)).digest('hex')
    expect(multipartEtag(md5s)).toBe(`${expected}-2`)
  })

  it('does not exist for no parts or for other digests', () => {
    expect(() => multipartEtag([])).toThrow('has parts')
    expect(() => multipartEtag([new Uint8Array(20)])).toThrow('16 bytes')
  })
})
