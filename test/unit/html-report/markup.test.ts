import { describe, expect, it } from 'vitest'
import { clip, markup } from '../../../src/html-report/markup.ts'
import { formatNumber, formatRate, scaleTo, timeTicks } from '../../../src/html-report/scale.ts'
import { formatSize } from '../../../src/units.ts'

describe('markup', () => {
  it('takes in text as text, and markup as it is', () => {
    const cells = ['<b>', '"'].map((text) => markup`<td title="${text}">${text}</td>`)
    expect(markup`<tr>${cells}${undefined}${7}</tr>`.text).toBe(
      '<tr><td title="&lt;b&gt;">&lt;b&gt;</td><td title="&quot;">&quot;</td>7</tr>',
    )
  })
})

describe('clipped text', () => {
  it('keeps its beginning and its end, and cuts no character in two', () => {
    expect(clip('short', 5)).toBe('short')
    expect(clip('a/long/name.txt', 9)).toBe('a/lo….txt')
    expect(clip('ab😀😀😀😀😀yz', 8)).toBe('ab…yz')
    expect(clip('\u0000'.repeat(10_000), 13)).toBe(String.raw`\u0000…\u0000`)
  })
})

describe('an axis', () => {
  it.each([
    [0, 10, ['0', '0.5']],
    [7, 10, ['0', '2', '4', '6', '8']],
    [1234, 10, ['0', '500', '1,000', '1,500']],
  ] as const)('to %d has round numbers', (max, base, labels) => {
    expect(scaleTo(max, base).ticks.map(formatNumber)).toEqual(labels)
  })

  it.each([
    [3000, ['0 B', '1 KiB', '2 KiB', '3 KiB']],
    [3.9 * 1024 ** 2, ['0 B', '1 MiB', '2 MiB', '3 MiB', '4 MiB']],
    [700 * 1024, ['0 B', '200 KiB', '400 KiB', '600 KiB', '800 KiB']],
  ])('to %d bytes has round sizes', (max, labels) => {
    expect(scaleTo(max, 1024).ticks.map(formatSize)).toEqual(labels)
  })

  it('of time has one unit', () => {
    const labels = (ms: number): string[] => timeTicks(ms).map(({ label }) => label)
    expect(labels(0)).toEqual(['0 s'])
    expect(labels(650)).toEqual(['0 s', '0.1 s', '0.2 s', '0.3 s', '0.4 s', '0.5 s', '0.6 s'])
    expect(labels(250_000)).toEqual(['0 min', '1 min', '2 min', '3 min', '4 min'])
    expect(labels(86_400_000 * 30)).toEqual([
      '0 h',
      '120 h',
      '240 h',
      '360 h',
      '480 h',
      '600 h',
      '720 h',
    ])
  })

  it('has rates by the second', () => {
    expect(formatRate(1536.4)).toBe('1.50 KiB/s')
  })
})
