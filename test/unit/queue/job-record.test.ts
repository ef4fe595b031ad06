import { describe, expect, it } from 'vitest'
import {
  portableOptions,
  readRecord,
  writeRecord,
  type JobRecord,
} from '../../../src/queue/job-record.ts'

const RECORD: Omit<JobRecord, 'protocol' | 'engine'> = {
  id: 'abc',
  source: 's3://old/a/',
  destination: 's3://new/b/',
  places: { from: 'http://127.0.0.1:1 s3://old/a/', to: 'http://127.0.0.1:2 s3://new/b/' },
  overwrite: 'newer',
  checksum: false,
  startedAt: 1,
  options: {
    metadata: { a: 'b' },
    expires: new Date('2030-01-01T00:00:00Z'),
    filter: { rules: [{ action: 'exclude', pattern: '*' }], minSize: 1 },
  },
  limits: { maxBandwidth: 5, maxRequestRate: 0 },
  attempts: 3,
}

describe('a record', () => {
  it('comes back as it was, times included', () => {
    expect(readRecord(writeRecord(RECORD))).toEqual({
      ...RECORD,
      protocol: 1,
      engine: expect.stringMatching(/^\d+\.\d+\.\d+/u),
    })
  })

  it.each([
    ['{"protocol":2,"engine":"9.9.9"}', '2, of transfer-engine 9.9.9'],
    ['{}', 'undefined, of transfer-engine unknown'],
    ['no JSON', 'none that is known'],
  ])('of another version is told: %s', (text, found) => {
    expect(() => readRecord(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_QUEUE_VERSION',
        message: expect.stringContaining(found) as string,
      }),
    )
  })
})

describe('options for other machines', () => {
  it('leave out what the coordinator sees to, and what was not given', () => {
    const onOutcome = (): undefined => undefined
    const { signal } = new AbortController()
    expect(
      portableOptions({
        maxErrors: 3,
        dryRun: false,
        onOutcome,
        signal,
        tags: { a: 'b' },
        via: undefined,
      }),
    ).toEqual({ tags: { a: 'b' } })
  })

  it.each([
    ['sseCustomerKey', new Uint8Array(32)],
    ['sourceCustomerKey', 'key'],
    ['manifest', 'm'],
    ['filesFrom', []],
    ['filter', () => true],
    ['rename', (name: string) => name],
    ['onAfterTransfer', () => undefined],
    ['metadata', { deep: { at: new Map() } }],
    ['metadata', { deep: [Symbol('a')] }],
    ['size', 1n],
  ])('are not %s', (option, value) => {
    expect(() => portableOptions({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option } }),
    )
  })
})
