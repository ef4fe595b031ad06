import { describe, expect, it } from 'vitest'
import { CleanupReport } from '../../../src/cli/cleanup-report.ts'
import { TransferError } from '../../../src/errors.ts'
import type { CleanupUpload } from '../../../src/transfer/clean-up-options.ts'

const UPLOAD: CleanupUpload = {
  bucket: 'bucket',
  key: 'a\u001B[2J',
  uploadId: 'id\u202E1',
  isOurs: true,
  startedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  idleMs: 71 * 3_600_000 + 3 * 60_000,
  stored: { parts: 3, bytes: 24 * 1024 * 1024 },
  outcome: 'would-abort',
  error: undefined,
}
const FAILED: CleanupUpload = {
  ...UPLOAD,
  stored: undefined,
  outcome: 'failed',
  error: new TransferError('ERR_ACCESS_DENIED', 'The store refused.'),
}

function reportIn(style: { readonly json?: boolean; readonly quiet?: boolean }): {
  readonly report: CleanupReport
  readonly text: () => { readonly out: string; readonly err: string }
} {
  let out = ''
  let err = ''
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
  }
  const report = new CleanupReport({ json: false, quiet: false, debug: false, ...style }, streams)
  return { report, text: () => ({ out, err }) }
}

describe('the report of a sweep', () => {
  it('has one line for each upload, in which nothing moves the cursor', () => {
    const { report, text } = reportIn({})
    report.upload(UPLOAD)
    expect(text()).toEqual({
      out:
        String.raw`would abort s3://bucket/a\u001b[2J (idle 71h03m, ` +
        String.raw`started 2026-01-02T03:04:05.000Z, 24 MiB in 3 parts) id\u202e1` +
        '\n',
      err: '',
    })
  })

  it('names what could not be removed, with the reason', () => {
    const { report, text } = reportIn({})
    report.upload(FAILED)
    expect(text().out).toMatch(/^failed s3:\/\/bucket\/a/)
    expect(text().err).toMatch(/ERR_ACCESS_DENIED The store refused/)
  })

  it('sums up, and says how to go on after a trial', () => {
    const { report, text } = reportIn({})
    report.done({ uploads: [UPLOAD, FAILED], kept: { recent: 2, held: 1 } }, '; --yes aborts them')
    expect(text().err).toBe(
      '1 would be aborted, 1 could not be removed, 2 left, too recent, ' +
        '1 left, still at work; --yes aborts them\n',
    )
  })

  it('is one event per line in JSON', () => {
    const { report, text } = reportIn({ json: true })
    report.upload(UPLOAD)
    report.upload(FAILED)
    report.done({ uploads: [UPLOAD, FAILED], kept: { recent: 2, held: 1 } }, '')
    const { out, err } = text()
    expect(err).toBe('')
    const [first, second, result] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(first).toMatchObject({
      event: 'upload',
      bucket: 'bucket',
      key: UPLOAD.key,
      uploadId: UPLOAD.uploadId,
      isOurs: true,
      startedAt: '2026-01-02T03:04:05.000Z',
      idleMs: UPLOAD.idleMs,
      parts: 3,
      bytes: 24 * 1024 * 1024,
      outcome: 'would-abort',
      error: null,
    })
    expect(second).toMatchObject({ parts: null, error: { code: 'ERR_ACCESS_DENIED' } })
    expect(result).toMatchObject({
      event: 'result',
      aborted: 0,
      wouldAbort: 1,
      failed: 1,
      keptRecent: 2,
      keptHeld: 1,
    })
  })

  it('says what an interruption means', () => {
    const plain = reportIn({})
    plain.report.interrupted()
    expect(plain.text().err).toContain('the others untouched')
    const json = reportIn({ json: true })
    json.report.interrupted()
    expect(JSON.parse(json.text().out)).toMatchObject({ event: 'interrupted' })
  })

  it('is silent when it shall be, but for failures', () => {
    const { report, text } = reportIn({ quiet: true })
    report.upload(UPLOAD)
    report.upload(FAILED)
    report.done({ uploads: [UPLOAD], kept: { recent: 0, held: 0 } }, '')
    expect(text().out).toBe('')
    expect(text().err).toMatch(/^transfer-engine: ERR_ACCESS_DENIED/)
  })
})
