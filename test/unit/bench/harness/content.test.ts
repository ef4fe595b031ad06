/** Proof that what was moved is what was meant: files, and what the server says has arrived. */

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyFiles, writeFiles } from '../../../../bench/harness/content-files.ts'
import { checkReceived } from '../../../../bench/harness/sink-site.ts'
import { crcOf, nameOf } from '../../../../bench/server/content.ts'
import { useTemporaryDirectory } from '../../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const { signal } = new AbortController()
const MANY = { key: 'many/', count: 3, size: 100 }
const ONE = { key: 'one', count: 1, size: 5000 }

describe('files', () => {
  it('are right as they were written, one or many', async () => {
    for (const objects of [ONE, MANY]) {
      const path = join(directory(), `of-${objects.count}`)
      await writeFiles(path, objects, signal)
      await expect(verifyFiles(path, objects, signal)).resolves.toBeUndefined()
    }
  })

  it('are wrong under another key, or with another size', async () => {
    const path = join(directory(), 'file')
    await writeFiles(path, ONE, signal)
    await expect(verifyFiles(path, { ...ONE, key: 'two' }, signal)).rejects.toThrow(/differs/)
    await expect(verifyFiles(path, { ...ONE, size: 4999 }, signal)).rejects.toThrow(/5000 bytes/)
  })

  it('are wrong when one is missing, or too much', async () => {
    await writeFiles(directory(), MANY, signal)
    writeFileSync(join(directory(), 'left-over.tmp'), '')
    await expect(verifyFiles(directory(), MANY, signal)).rejects.toThrow(/4 files instead of 3/)
    rmSync(join(directory(), nameOf(1)))
    await expect(verifyFiles(directory(), MANY, signal)).rejects.toThrow(/ENOENT/)
  })

  it('stop being made when the benchmark is interrupted', async () => {
    const stopped = AbortSignal.abort(new Error('stop'))
    await expect(writeFiles(directory(), MANY, stopped)).rejects.toThrow('stop')
  })
})

describe('what arrived', () => {
  const received = [0, 1, 2].map((index) => {
    const key = `many/${nameOf(index)}`
    return { key, size: 100, crc32: crcOf(key, 100) }
  })

  it('is right when every object has its size and its bytes', () => {
    expect(() => checkReceived(MANY, received)).not.toThrow()
    expect(() =>
      checkReceived(ONE, [{ key: 'one', size: 5000, crc32: crcOf('one', 5000) }]),
    ).not.toThrow()
  })

  it.each([
    ['one is missing', received.slice(1), /has not arrived/],
    ['one is too much', [...received, { key: 'many/x', size: 1, crc32: 0 }], /nobody asked for/],
    ['one is short', received.map((each) => ({ ...each, size: 99 })), /99 bytes instead of 100/],
    ['a byte is wrong', received.map((each) => ({ ...each, crc32: 1 })), /wrong bytes/],
  ])('is wrong when %s', (_what, objects, message) => {
    expect(() => checkReceived(MANY, objects)).toThrow(message)
  })
})
