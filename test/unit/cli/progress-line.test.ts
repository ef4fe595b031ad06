import { describe, expect, it } from 'vitest'
import { displayWidth } from '../../../src/cli/output.ts'
import { ProgressLine } from '../../../src/cli/progress-line.ts'
import { RateMeter } from '../../../src/cli/rate-meter.ts'
import { handTicker } from '../../helpers/hand-ticker.ts'
import { GiB, MiB } from '../../../src/units.ts'

const CLEAR = '\u001B[K'

/** A stream that remembers, and a clock that is turned by hand. */
function stage({ isTTY = true, columns = 80, env = {}, label = 'big.tar' } = {}) {
  const written: string[] = []
  const stream = { isTTY, columns, write: (text: string) => written.push(text) }
  const { ticker, advance, isRunning } = handTicker()
  const line = new ProgressLine(label, stream, env, ticker)
  return { line, stream, written, advance, isRunning }
}

describe('the progress line on a terminal', () => {
  it('tells share, bytes, rate and time left in one line drawn over', () => {
    const { line, written, advance } = stage()
    line.update(256 * MiB, GiB)
    advance(1000)
    expect(written.at(-1)).toBe(`\rbig.tar   25%  256 MiB of 1 GiB  256 MiB/s  3s left${CLEAR}`)
    expect(written.every((text) => text.startsWith('\r') && !text.includes('\n'))).toBe(true)
  })

  it('draws at most ten times a second, however many events there are', () => {
    const { line, written, advance } = stage()
    for (let step = 1; step <= 1000; step += 1) {
      line.update(step * MiB, GiB)
      advance(1)
    }
    expect(written.length).toBeLessThanOrEqual(10)
    expect(written.length).toBeGreaterThan(5)
  })

  it('tells long waits in minutes and hours', () => {
    const { line, written, advance } = stage()
    line.update(1 * MiB, GiB)
    advance(1000)
    expect(written.at(-1)).toContain('17m03s left')
  })

  it('does not draw the same line twice', () => {
    const { line, written, advance } = stage()
    line.update(0, GiB)
    advance(3000)
    expect(written).toHaveLength(1)
  })

  it('lets the rate fall when nothing moves', () => {
    const { line, written, advance } = stage()
    line.update(100 * MiB, GiB)
    advance(1000)
    expect(written.at(-1)).toContain('100 MiB/s')
    advance(4000)
    expect(written.at(-1)).toContain('20 MiB/s')
    advance(6000)
    expect(written.at(-1)).toContain('  0 B/s')
    expect(written.at(-1)).not.toContain('left')
  })

  it.each([30, 50, 60, 20, 8, 1])('never exceeds %i columns', (columns) => {
    const { line, written, advance } = stage({ columns, label: '漢字'.repeat(40) })
    line.update(123 * MiB, GiB)
    line.retried()
    advance(500)
    for (const text of written) {
      const shown = text.replace('\r', '').replace(CLEAR, '')
      expect(displayWidth(shown)).toBeLessThan(Math.max(columns, 1))
    }
  })

  it('escapes what a name would do to the terminal', () => {
    const { line, written, advance } = stage({ label: '\u001B[2Jkey\n' })
    line.update(1, 10)
    advance(100)
    expect(written[0]).toContain(String.raw`\u001b[2Jkey\n`)
  })

  it('counts what was tried again, and knows no share of a stream without end', () => {
    const { line, written, advance } = stage()
    line.update(5 * MiB, undefined)
    line.retried()
    line.retried()
    advance(1000)
    expect(written.at(-1)).toBe(`\rbig.tar  5 MiB  5 MiB/s  2 retried${CLEAR}`)
  })

  it('takes the line away at the end and stops', () => {
    const { line, written, advance, isRunning } = stage()
    line.update(1, 10)
    advance(100)
    line.end()
    expect(written.at(-1)).toBe(`\r${CLEAR}`)
    expect(isRunning()).toBe(false)
  })

  it('leaves the terminal alone when nothing was drawn', () => {
    const { line, written, advance } = stage()
    advance(50)
    line.end()
    expect(written).toEqual([])
  })
})

describe('the progress line elsewhere', () => {
  it.each([
    ['a pipe', { isTTY: false }],
    ['a dumb terminal', { env: { TERM: 'dumb' } }],
  ])('is a plain line every five seconds on %s', (_name, options) => {
    const { line, written, advance } = stage(options)
    line.update(512 * MiB, GiB)
    advance(4999)
    expect(written).toEqual([])
    advance(5001)
    line.end()
    expect(written).toHaveLength(2)
    expect(written[0]).toBe('big.tar   50%  512 MiB of 1 GiB  102.4 MiB/s  5s left\n')
    for (const control of ['\r', '\u001B']) expect(written.join('')).not.toContain(control)
  })
})

describe('the rate', () => {
  it('is that of the last seconds, and never negative', () => {
    const meter = new RateMeter()
    expect(meter.perSecond).toBe(0)
    for (let second = 0; second <= 20; second += 1) meter.add(second * 1000, second * 100)
    expect(meter.perSecond).toBe(100)
    for (let second = 21; second <= 30; second += 1) meter.add(second * 1000, 2000 + second)
    expect(meter.perSecond).toBe(1)
    meter.add(30_500, 0)
    expect(meter.perSecond).toBe(0)
  })
})
