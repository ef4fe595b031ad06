import { describe, expect, it } from 'vitest'
import { toWire, TransferError } from '../../../src/errors.ts'
import type { PartJob, PartResult } from '../../../src/pool/protocol.ts'
import { answerOf, answerRow, jobRow, jobsOf } from '../../../src/pool/rows.ts'

const base = { transferId: 7, slot: 3, length: 1000, algorithm: 'CRC32C' } as const
const request = { ...base, key: 'dir/ü', query: 'partNumber=1', headers: ['x-a', '1'] }

const JOBS: readonly PartJob[] = [
  {
    ...request,
    kind: 'put',
    source: { kind: 'file', fd: 9, offset: 5, planned: { size: 10n, mtimeNs: 2n ** 62n } },
    sendChecksum: false,
  },
  {
    ...request,
    kind: 'get',
    sink: { kind: 'memory', buffer: new SharedArrayBuffer(8), offset: 4 },
    offset: 17,
    size: 2 ** 40,
    whole: true,
    etag: '"e"',
    contentEncoding: 'gzip',
  },
  {
    ...base,
    kind: 'relay',
    key: 'to',
    said: { metadata: { a: '1' }, expires: new Date(0) },
    sourceKey: 'from',
    sourceHeaders: ['x-a', '1'],
    etag: '"e"',
    compare: true,
    isChosen: false,
    sendChecksum: true,
  },
  { ...base, kind: 'digest', source: { kind: 'file', fd: 2, offset: 0 } },
]

function posted(jobs: readonly PartJob[]): PartJob[] {
  const rows = structuredClone(jobs.map(jobRow))
  return jobsOf({ route: undefined, numbers: [], jobs: rows })
}

describe('a job', () => {
  it.each(JOBS)('of kind $kind comes out as it went in', (job) => {
    const [back] = posted([job])
    expect(back).toEqual(job)
    expect(Object.keys(back ?? {}).toSorted()).toEqual(Object.keys(job).toSorted())
  })

  it('keeps what is absent absent', () => {
    const [job] = posted([{ ...(JOBS[1] as PartJob), contentEncoding: undefined } as PartJob])
    expect(job).not.toHaveProperty('contentEncoding')
  })

  it('shares memory instead of copying it', () => {
    const buffer = new SharedArrayBuffer(4)
    const source = { kind: 'memory' as const, buffer, offset: 0 }
    const [job] = posted([{ ...base, kind: 'digest', source }])
    new Uint8Array(buffer)[2] = 42
    const seen = job?.kind === 'digest' && job.source.kind === 'memory' ? job.source.buffer : buffer
    expect(seen).not.toBe(buffer)
    expect(new Uint8Array(seen)[2]).toBe(42)
  })
})

describe('an answer', () => {
  const digest = Uint8Array.of(0, 10, 13, 127, 128, 255)
  const error = toWire(new TransferError('ERR_THROTTLED', 'slow\ndown', { status: 503 }))
  const answers: readonly PartResult[] = [
    {
      ok: true,
      workerId: 4,
      digest,
      length: 12,
      etag: '"é"',
      headers: { 'x-amz-version-id': 'a: b', 'x-amz-checksum-crc32': '', 'x-last': '=' },
      elapsedMs: 1.5,
    },
    { ok: true, workerId: 4, digest, length: 0, etag: '', headers: {}, elapsedMs: 0 },
    {
      ok: true,
      workerId: 4,
      digest,
      length: 0,
      etag: '"copy"',
      headers: {},
      elapsedMs: 0,
      relayed: ['"e"', undefined, true, 'CRC32'],
    },
    { ok: false, workerId: 5, digest, received: 9, error },
  ]

  it.each(answers)('comes out as it went in, and with the number of its job: %j', (answer) => {
    const row = structuredClone(answerRow(81, answer))
    expect(row[0]).toBe(81)
    expect(answerOf(row)).toEqual(answer)
  })
})
