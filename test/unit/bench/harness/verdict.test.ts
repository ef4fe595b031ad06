/** When the guard fails. */

import { describe, expect, it } from 'vitest'
import { describeVerdict, judge, parseRecord } from '../../../../bench/harness/verdict.ts'

describe('the verdict', () => {
  it('lets a ratio be a fifth worse than the recorded one, and no more', () => {
    expect(judge([0.59, 0.6, 0.599], 0.5).isWorse).toBe(false)
    expect(judge([0.62, 0.61, 0.63], 0.5).isWorse).toBe(true)
  })

  it('never minds a ratio that got better', () => {
    expect(judge([0.1], 0.5).isWorse).toBe(false)
  })

  it('goes by the middle run, so that one slow moment does not decide', () => {
    expect(judge([0.5, 0.5, 9], 0.5)).toMatchObject({ measured: 0.5, isWorse: false })
  })

  it('is refused without a run', () => {
    expect(() => judge([], 0.5)).toThrow(/no run/)
  })

  it('says what was compared with what', () => {
    const ratios = [0.6, 0.7, 0.65]
    expect(describeVerdict('upload-4g', 'lib-storage', ratios, judge(ratios, 0.5))).toBe(
      'upload-4g: 0.65 of lib-storage (0.60 – 0.70, 3 runs); recorded 0.50, may be 0.60: worse',
    )
  })
})

describe('the record', () => {
  it('is read as it was written', () => {
    const record = { date: '2026-01-02', size: 64, runs: 7, machine: {}, ratios: { upload: 0.5 } }
    expect(parseRecord(JSON.stringify(record))).toEqual(record)
  })

  it.each(['{}', '{"size":64,"ratios":{}}', '{"size":64,"ratios":{"upload":0}}', '[]'])(
    'is refused as %s',
    (text) => {
      expect(() => parseRecord(text)).toThrow(/--record writes it/)
    },
  )
})
