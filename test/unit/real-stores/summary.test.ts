import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../real-stores/judge.ts'
import { summaryOf, type Ended } from '../../real-stores/summary.ts'

const ran = (...verdicts: Verdict[]): Ended => ({
  name: 'store',
  judged: verdicts.map((verdict, index) => ({ id: String(index), verdict, detail: undefined })),
  skipped: undefined,
})
const absent: Ended = { name: 'absent', judged: [], skipped: 'no program' }

describe('a run on real stores', () => {
  it('is good when all cases end as expected', () => {
    const { text, isGood } = summaryOf([ran('passed', 'deviates', 'passed')], { asked: true })
    expect(isGood).toBe(true)
    expect(text).toContain('store: 2 passed, 1 deviates')
  })

  it.each(['failed', 'vanished', 'unknown'] as const)('is bad when one has %s', (verdict) => {
    const { text, isGood } = summaryOf([ran('passed', verdict)], { asked: true })
    expect(isGood).toBe(false)
    expect(text).toContain(`1 ${verdict}`)
  })

  it('says what was skipped, which is bad only for what was asked for by name', () => {
    const ended = [ran('passed'), absent]
    expect(summaryOf(ended, { asked: false })).toMatchObject({ isGood: true })
    expect(summaryOf(ended, { asked: true })).toMatchObject({ isGood: false })
    expect(summaryOf(ended, { asked: false }).text).toContain('absent: SKIPPED, no program')
  })

  it('is bad when nothing ran', () => {
    expect(summaryOf([absent], { asked: false }).isGood).toBe(false)
    expect(summaryOf([ran()], { asked: false }).isGood).toBe(false)
  })
})
