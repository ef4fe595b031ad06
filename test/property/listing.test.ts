/**
 * A listing holds each key once and in order, however the keys lie and however it is cut.
 */

import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { listPages } from '../../src/tree/listing.ts'
import { keysOf, syntheticStore } from '../unit/tree/synthetic-store.ts'

const digits = fc.nat(99_999)
const character = fc.integer({ min: 1, max: 0x10ffff }).map((code) =>
  // Halves of characters are in no key.
  String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? code - 0x800 : code),
)
const small = fc.string({
  unit: fc.constantFrom('\u0001', 'a', 'b', '\uFFFD', '\u{10000}', '\u{10FFFF}'),
})

const keySets: Readonly<Record<string, fc.Arbitrary<readonly string[]>>> = {
  few: fc.array(small, { maxLength: 5 }),
  'of any characters': fc.array(fc.string({ unit: character, minLength: 1, maxLength: 8 }), {
    maxLength: 400,
  }),
  'of few characters': fc.array(small, { maxLength: 400 }),
  numbered: fc
    .tuple(digits, fc.integer({ min: 0, max: 600 }))
    .map(([from, count]) => Array.from({ length: count }, (_, index) => `n/${from + index}`)),
  'behind a long prefix': fc
    .array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), { maxLength: 300 })
    .map((ends) => ends.map((end) => 'x'.repeat(900) + end)),
  'dense here and sparse there': fc
    .tuple(fc.array(digits, { maxLength: 40 }), fc.integer({ min: 100, max: 500 }))
    .map(([sparse, dense]) => [
      ...sparse.map((number) => `${number}/x`),
      ...Array.from({ length: dense }, (_, index) => `5/dense/${String(index).padStart(6, '0')}`),
    ]),
  'each the beginning of the next': fc
    .integer({ min: 1, max: 500 })
    .map((count) => Array.from({ length: count }, (_, index) => 'a'.repeat(index + 1))),
}

it.each(Object.keys(keySets))(
  'lists keys %s completely and once',
  async (name) => {
    const keys = keySets[name] as fc.Arbitrary<readonly string[]>
    await fc.assert(
      fc.asyncProperty(
        keys,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('', 'n/', '5', 'a'),
        fc.array(fc.constantFrom(0, 1, 30, 300), { minLength: 1, maxLength: 5 }),
        async (given, pageSize, prefix, readMs) => {
          const source = keysOf(given.filter((key) => key !== ''))
          const store = syntheticStore(source, { pageSize, answerMs: 100 })
          const expected = Array.from({ length: source.length }, (_, at) => source.key(at))
          const listed: string[] = []
          let pages = 0
          for await (const page of listPages(store, { bucket: 'b', prefix, now: store.now })) {
            expect(page.objects.length).toBeGreaterThan(0)
            for (const { key } of page.objects) listed.push(key)
            await store.wait(readMs[pages % readMs.length] ?? 0)
            pages += 1
          }
          expect(listed).toEqual(expected.filter((key) => key.startsWith(prefix)))
          // Cuts in vain are few, or soon given up.
          expect(store.requests.length).toBeLessThanOrEqual(2 * (listed.length / pageSize) + 12)
        },
      ),
      { numRuns: 60 },
    )
  },
  120_000,
)
