import { describe, expect, it } from 'vitest'
import { displayWidth } from '../../../src/cli/output.ts'
import { TreeDisplay, type ShownStats } from '../../../src/cli/tree-display.ts'
import type { TreeProgress } from '../../../src/index.ts'
import { NO_PROGRESS } from '../../../src/tree/tree-transfer.ts'
import { MiB } from '../../../src/units.ts'
import { handTicker } from '../../helpers/hand-ticker.ts'

const UP = '\u001B['
const LINE = `${UP}K`
const BELOW = `${UP}J`

type Worker = ShownStats['workers'][number]

/** What a worker shows; the rest of its counters is left out. */
function worker(threadId: number, counts: Partial<Worker> = {}): Worker {
  const shown = { alive: true, bytesSent: 0, bytesReceived: 0, requests: 0, busy: 0, idle: 0 }
  return { threadId, ...shown, ...counts } as Worker
}

function statsOf(workers: readonly Worker[] = [], inFlight = 0, retries = 0): ShownStats {
  return {
    requests: { inFlight, waiting: 0 },
    retries: { total: retries, byCode: {} },
    workers,
  }
}

function stage({ columns = 80, label = 'photos', stats = statsOf() } = {}) {
  const written: string[] = []
  const stream = { isTTY: true, columns, write: (text: string) => written.push(text) }
  const clock = handTicker()
  const facts = { stats }
  const display = new TreeDisplay(label, stream, () => facts.stats, clock.ticker)
  const show = (progress: Partial<TreeProgress>, ms = 100): string => {
    display.update({ ...NO_PROGRESS, ...progress })
    clock.advance(ms)
    return written.at(-1) ?? ''
  }
  return { display, show, written, facts, ...clock }
}

describe('the display of a tree', () => {
  it('says "so far" of sums until all has been found, and at least how long it takes', () => {
    const { show } = stage()
    const some = { uploaded: 1000, bytes: 100 * MiB, known: 3000, bytesKnown: 500 * MiB }
    const figures =
      '1,000 of 3,000  100 MiB of 500 MiB so far  100 MiB/s  1,000/s  at least 4s left'
    expect(show(some, 1000)).toBe(`\r${figures}${LINE}${BELOW}`)
    expect(stage({ columns: 120 }).show(some, 1000)).toBe(`\rphotos  ${figures}${LINE}${BELOW}`)
    const all = stage({ columns: 120 }).show({ ...some, isKnown: true }, 1000)
    expect(all).toContain('100 MiB of 500 MiB  100 MiB/s  1,000/s  4s left')
    expect(all).not.toContain('so far')
  })

  it('takes the longer of two estimates: many small objects are slow by their number', () => {
    const { show } = stage({ columns: 120 })
    const progress = { uploaded: 10, bytes: 90 * MiB, known: 110, bytesKnown: 100 * MiB }
    expect(show({ ...progress, isKnown: true }, 1000)).toContain('  10s left')
  })

  it('tells what is in flight, what was retried and what failed', () => {
    const { show } = stage({ columns: 120, stats: statsOf([], 12, 1234) })
    expect(show({ failed: 3, uploaded: 2, known: 9 })).toContain(
      '  12 in flight  1,234 retried  3 failed',
    )
    expect(show({ failed: 3, uploaded: 2, known: 9 })).toContain('5 of 9  ')
  })

  it('has a line for each worker at work, where the terminal is wide', () => {
    const workers = [worker(1), worker(2, { alive: false }), worker(3)]
    const { show, facts, written } = stage({ columns: 100, stats: statsOf(workers) })
    show({ known: 1 })
    facts.stats = statsOf([
      worker(1, { bytesSent: 3 * MiB, bytesReceived: MiB, requests: 40, busy: 2, idle: 1 }),
      worker(3),
    ])
    show({ known: 2 }, 1000)
    const [whole, first, second, ...more] = (written.at(-1) ?? '').split('\n')
    expect(whole?.startsWith(`\r${UP}2Aphotos  0 of 2 `)).toBe(true)
    expect(first).toBe(`  worker 1     4 MiB/s       40 requests/s    2 busy    1 idle${LINE}`)
    expect(second).toBe(
      `  worker 3       0 B/s        0 requests/s    0 busy    0 idle${LINE}${BELOW}`,
    )
    expect(more).toEqual([])
    expect(stage({ columns: 99, stats: statsOf(workers) }).show({ known: 1 })).not.toContain(
      'worker',
    )
  })

  it('never takes more columns than there are, nor shows what a label would do', () => {
    const label = '\u001B[2Jevil'.repeat(20)
    for (const columns of [1, 10, 40, 80, 200]) {
      const text = stage({ columns, label, stats: statsOf([worker(1)]) }).show({ known: 1 })
      const bare = ['\r', LINE, BELOW].reduce((rest, code) => rest.replaceAll(code, ''), text)
      const lines = bare.split('\n')
      for (const line of lines) expect(displayWidth(line)).toBeLessThan(Math.max(2, columns))
      expect(text).not.toContain(`${UP}2J`)
    }
  })

  it('draws what has changed, and at most ten times a second', () => {
    const { show, written, advance } = stage()
    for (let step = 1; step <= 1000; step += 1) show({ bytes: step * MiB, known: 1 }, 1)
    expect(written).toHaveLength(10)
    advance(20_000)
    const { length } = written
    advance(20_000)
    expect(written).toHaveLength(length)
  })

  it('is taken away for what else is written, and at the end', () => {
    const stats = statsOf([worker(1)])
    const { display, show, written, isRunning } = stage({ columns: 120, stats })
    display.clear()
    expect(written, 'nothing was drawn').toEqual([])
    show({ known: 1 })
    display.clear()
    expect(written.at(-1)).toBe(`\r${UP}1A${BELOW}`)
    expect(show({ known: 2 })).toMatch(/^\rphotos/)
    display.end()
    expect(written.at(-1)).toBe(`\r${UP}1A${BELOW}`)
    expect(isRunning()).toBe(false)
  })
})
