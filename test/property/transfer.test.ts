/**
 * What holds for every order of events and every way to cut bytes: the budgets, the books of an
 * upload, and the reader of streams.
 */

import { setMaxListeners } from 'node:events'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromWire, ERROR_CODES, toWire, TransferError, type ErrorCode } from '../../src/errors.ts'
import { ByteReader } from '../../src/transfer/byte-reader.ts'
import { PartTable } from '../../src/transfer/part-table.ts'
import { Semaphore } from '../../src/transfer/semaphore.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a semaphore', () => {
  const action = fc.record({
    amount: fc.integer({ min: 1, max: 14 }),
    sequence: fc.integer({ min: 1, max: 4 }),
    turnsHeld: fc.integer({ min: 0, max: 3 }),
    abortAfter: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 3 }),
    turnsBefore: fc.integer({ min: 0, max: 2 }),
  })

  it('never gives more than it has, and in the end has all of it back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const semaphore = new Semaphore(10)
        let held = 0
        const worker = async (given: (typeof actions)[number]): Promise<void> => {
          const controller = new AbortController()
          const asked = semaphore.acquire(given.amount, given.sequence, controller.signal)
          if (given.abortAfter !== null) {
            void turns(given.abortAfter).then(() => controller.abort(new Error('aborted')))
          }
          let release: () => void
          try {
            release = await asked
          } catch {
            return
          }
          held += Math.min(10, given.amount)
          expect(held).toBeLessThanOrEqual(10)
          await turns(given.turnsHeld)
          held -= Math.min(10, given.amount)
          release()
        }
        const running: Promise<void>[] = []
        for (const given of actions) {
          running.push(worker(given))
          await turns(given.turnsBefore)
        }
        await Promise.all(running)
        expect([semaphore.taken, semaphore.waiting]).toEqual([0, 0])
      }),
      { numRuns: 150 },
    )
  })

  it('serves those who wait by transfer, and equals in the order they came', async () => {
    const sequences = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(sequences, async (waiting) => {
        const semaphore = new Semaphore(1)
        const { signal: never } = new AbortController()
        setMaxListeners(0, never)
        const first = await semaphore.acquire(1, 0, never)
        const served: (readonly [number, number])[] = []
        const all = waiting.map(async (sequence, index) => {
          const release = await semaphore.acquire(1, sequence, never)
          served.push([sequence, index])
          release()
        })
        first()
        await Promise.all(all)
        const wanted = waiting.map((sequence, index) => [sequence, index] as const)
        wanted.sort((a, b) => a[0] - b[0] || a[1] - b[1])
        expect(served).toEqual(wanted)
      }),
    )
  })
})

describe('the table of parts', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 40 })

  it('covers an object whose parts arrived in any order, and no other', () => {
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.double({ noNaN: true })), (lengths, dice) => {
        let offset = 0
        const lines = lengths.map((length) => {
          const line = { offset, length, etag: '"e"', digest: new Uint8Array(4) }
          offset += length
          return line
        })
        const order = lines.map((_, index) => [index, dice.next().value] as const)
        order.sort((a, b) => a[1] - b[1])
        const table = new PartTable()
        const lacking = new PartTable()
        for (const [position, [index]] of order.entries()) {
          const line = lines[index]
          if (line === undefined) throw new Error('an index of the list')
          table.add(index + 1, line)
          if (position < order.length - 1) lacking.add(index + 1, line)
        }
        expect(table.covering(offset)).toEqual(lines)
        expect(() => table.covering(offset + 1)).toThrow('Invariant broken')
        expect(() => table.covering(offset - 1)).toThrow('Invariant broken')
        expect(() => lacking.covering(offset)).toThrow('Invariant broken')
      }),
    )
  })
})

describe('the reader of streams', () => {
  it('gives the same bytes for every way to cut them, in buffers filled to the last', async () => {
    const chunk = fc.uint8Array({ maxLength: 40 })
    const chunks = fc.array(chunk, { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 64 }), async (given, step) => {
        const never = new AbortController().signal
        const reader = new ByteReader(asyncOf(given))
        const pieces: Buffer[] = []
        while (await reader.ready(never)) {
          const target = Buffer.alloc(step)
          const filled = await reader.readInto(target, never)
          pieces.push(target.subarray(0, filled))
        }
        expect(Buffer.concat(pieces)).toEqual(Buffer.concat(given))
        expect(pieces.slice(0, -1).every(({ length }) => length === step)).toBe(true)
      }),
    )
  })
})

describe('the wire form of an error', () => {
  it('keeps code, message and context over a structured clone', () => {
    const codes = Object.keys(ERROR_CODES) as ErrorCode[]
    const context = fc.record(
      {
        key: fc.string({ unit: 'binary' }),
        partNumber: fc.integer(),
        offset: fc.maxSafeNat(),
        storeCode: fc.string(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.string(), context, (code, message, context) => {
        const error = new TransferError(code, message, context, { cause: new Error(message) })
        const back = fromWire(structuredClone(toWire(error)))
        expect([back.code, back.message, back.context]).toEqual([code, message, context])
        expect(toWire(back)).toEqual(toWire(error))
      }),
    )
  })
})

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await turn()
}

async function* asyncOf<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) {
    await Promise.resolve()
    yield value
  }
}
