import { describe, expect, it } from 'vitest'
import {
  formatDuration,
  formatSize,
  GiB,
  KiB,
  MiB,
  parseDuration,
  parseRate,
  parseSize,
  TiB,
} from '../../src/units.ts'

describe('parseSize', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['8MiB', 8 * MiB],
    ['8 mib', 8 * MiB],
    [' 64 KB ', 64 * KiB],
    ['1.5G', 1.5 * GiB],
    ['2T', 2 * TiB],
    ['7B', 7],
  ])('reads %j as %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', 'MiB', '-1', '1e3', '1.2.3', '5 PB', '5 apples', '0.3', '9007199254740993', '1,5M'])(
    'takes %j for no size',
    (text) => {
      expect(parseSize(text)).toBeUndefined()
    },
  )
})

describe('parseDuration', () => {
  it.each([
    ['250', 250],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('reads %j as %i milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', 's', '-1s', '5 years', '1M', '1s2'])('takes %j for no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

describe('parseRate', () => {
  it.each([
    ['10MiB/s', 10 * MiB],
    ['10MiB', 10 * MiB],
    ['500 KB/s', 500 * KiB],
  ])('reads %j as %i bytes per second', (text, rate) => {
    expect(parseRate(text)).toBe(rate)
  })

  it('takes bytes per minute for no rate', () => {
    expect(parseRate('10MiB/m')).toBeUndefined()
  })
})

describe('formatSize', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.50 KiB'],
    [8 * MiB, '8 MiB'],
    [10.25 * GiB, '10.3 GiB'],
    [5 * TiB, '5 TiB'],
    [2 ** 60, '1024 PiB'],
    [-1536, '-1.50 KiB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text)
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [1500, '1.5s'],
    [61_000, '1m01s'],
    [3_599_000, '59m59s'],
    [3_660_000, '1h01m'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
