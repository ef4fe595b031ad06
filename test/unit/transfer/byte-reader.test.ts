import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../src/transfer/byte-reader.ts'

const never = new AbortController().signal

async function* of(...chunks: readonly unknown[]): AsyncGenerator {
  for (const chunk of chunks) {
    await Promise.resolve()
    yield chunk
  }
}

async function readAll(reader: ByteReader, step: number): Promise<Buffer[]> {
  const pieces: Buffer[] = []
  while (await reader.ready(never)) {
    const target = Buffer.alloc(step)
    pieces.push(target.subarray(0, await reader.readInto(target, never)))
  }
  return pieces
}

describe('ByteReader', () => {
  it('fills buffers exactly, whatever the chunks', async () => {
    const chunks = ['a', 'bcdefgh', '', 'ij', 'k'].map((text) => Buffer.from(text))
    const pieces = await readAll(new ByteReader(of(...chunks)), 4)
    expect(pieces.map(String)).toEqual(['abcd', 'efgh', 'ijk'])
  })

  it('takes every kind of bytes, and text as UTF-8', async () => {
    const words = new Uint16Array([0x6261, 0x6463]).subarray(1)
    const chunks = [
      new Uint8Array([1, 2]),
      new Uint8Array([3]).buffer,
      words,
      'ä',
      Buffer.from('!'),
    ]
    const pieces = await readAll(new ByteReader(of(...chunks)), 100)
    expect(Buffer.concat(pieces).toString('latin1')).toBe('\u0001\u0002\u0003cd\u00c3\u00a4!')
  })

  it.each([[null], [7], [{ length: 3 }]])('refuses %j as a chunk', async (chunk) => {
    await expect(new ByteReader(of(chunk)).ready(never)).rejects.toThrow('bytes or text')
  })

  it('knows the end of an empty source, and stays there', async () => {
    const reader = new ByteReader(of())
    expect(await reader.ready(never)).toBe(false)
    expect(await reader.readInto(Buffer.alloc(4), never)).toBe(0)
  })

  it('passes on what the source throws', async () => {
    const reader = new ByteReader(
      Readable.from(
        (async function* () {
          yield Buffer.from('ab')
          await Promise.resolve()
          throw new Error('the pipe broke')
        })(),
      ),
    )
    await expect(reader.readInto(Buffer.alloc(4), never)).rejects.toThrow('the pipe broke')
  })

  it('stops waiting for a source that stands still when the signal aborts', async () => {
    const controller = new AbortController()
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
    const reading = new ByteReader(silent).ready(controller.signal)
    controller.abort()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_ABORTED' })
  })

  it('tells the source to stop when closed early, once, and survives its failure', async () => {
    let returned = 0
    const source: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: Buffer.from('ab') }),
        return: () => {
          returned += 1
          return Promise.reject(new Error('cannot stop'))
        },
      }),
    }
    const reader = new ByteReader(source)
    await reader.ready(never)
    reader.close()
    reader.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(returned).toBe(1)
  })

  it('destroys a Node.js stream that is not read to its end', async () => {
    const stream = Readable.from(['ab', 'cd'])
    const reader = new ByteReader(stream)
    await reader.ready(never)
    reader.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect(stream.destroyed).toBe(true)
  })
})
