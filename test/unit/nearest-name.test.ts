import { describe, expect, it } from 'vitest'
import { nearestName } from '../../src/nearest-name.ts'

const NAMES = ['partSize', 'maxAttempts', 'region', 'retryDelayMs', 'retryDelayMaxMs']

describe('nearestName', () => {
  it.each([
    ['partSize', 'partSize'],
    ['PARTSIZE', 'partSize'],
    ['part_size', 'partSize'],
    ['partSzie', 'partSize'],
    ['reigon', 'region'],
    ['retryDelayMaxMS', 'retryDelayMaxMs'],
    ['retryDelay', 'retryDelayMs'],
  ])('finds for %s what was meant: %s', (name, nearest) => {
    expect(nearestName(name, NAMES)).toBe(nearest)
  })

  it.each(['x', 'colour', 'zzzzzzzz', ''])('finds nothing for %j', (name) => {
    expect(nearestName(name, NAMES)).toBeUndefined()
  })
})
