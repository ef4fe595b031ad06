import { expect, it } from 'vitest'

import { RequestThroughput } from '../../../src/transfer/request-throughput.ts'
import { KiB, MiB } from '../../../src/units.ts'

it('knows nothing before a part has arrived', () => {
  expect(new RequestThroughput().bytesPerSecond).toBeUndefined()
})

it('takes the first part as it is and follows later ones slowly', () => {
  const rate = new RequestThroughput()
  rate.note(8 * MiB, 2000)
  expect(rate.bytesPerSecond).toBe(4 * MiB)
  rate.note(8 * MiB, 1000)
  expect(rate.bytesPerSecond).toBeCloseTo(4.4 * MiB)
  for (let parts = 0; parts < 100; parts += 1) rate.note(8 * MiB, 1000)
  expect(rate.bytesPerSecond).toBeCloseTo(8 * MiB, -3)
})

it('does not ask small parts, which tell of latency, nor a clock that stood still', () => {
  const rate = new RequestThroughput()
  rate.note(64 * KiB, 1000)
  rate.note(8 * MiB, 0)
  expect(rate.bytesPerSecond).toBeUndefined()
})
