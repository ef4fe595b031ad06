/** Outcomes, progress and statistics as a run makes them, for tests of its page. */

import { TransferError, type ErrorCode } from '../../../src/errors.ts'
import { OutcomeTally } from '../../../src/html-report/outcome-tally.ts'
import type { RunSummary } from '../../../src/html-report/run-summary.ts'
import { Timeline, type SeenStats } from '../../../src/html-report/timeline.ts'
import type { Outcome, TreeProgress } from '../../../src/index.ts'
import { addCounters } from '../../../src/pool/worker-counters.ts'
import { NO_PROGRESS } from '../../../src/tree/tree-transfer.ts'

const action = { operation: 'upload', reason: 'missing', path: '/tree/a' } as const

export function done(name: string, size: number, elapsedMs = 10): Outcome {
  const proof = { attempts: 1, verified: 'checksum' } as const
  return { ...action, name, key: `p/${name}`, size, status: 'done', elapsedMs, ...proof }
}

export function failed(
  name: string,
  code: ErrorCode = 'ERR_ACCESS_DENIED',
  message = 'No',
): Outcome {
  const context = { requestId: `id of ${name}`, status: 403, storeCode: 'AccessDenied', attempt: 2 }
  const error = new TransferError(code, message, context)
  return { ...action, name, key: `p/${name}`, size: 7, status: 'failed', error }
}

export function progress(changes: Partial<TreeProgress> = {}): TreeProgress {
  return { ...NO_PROGRESS, ...changes }
}

export function stats(changes: Partial<SeenStats> = {}): SeenStats {
  return {
    requests: { inFlight: 0, waiting: 0 },
    retries: { total: 0, byCode: {} },
    memory: { taken: 0, limit: 1 },
    pool: { ...addCounters([]), openedPerThousandRequests: 0 },
    ...changes,
  }
}

/** A run of ten seconds with these outcomes. */
export function summary(
  outcomes: Iterable<Outcome>,
  changes: Partial<RunSummary['info']> = {},
): RunSummary {
  const tally = new OutcomeTally()
  for (const outcome of outcomes) tally.add(outcome)
  const timeline = new Timeline(0)
  for (let second = 1; second <= 10; second += 1) {
    const retries = { total: second, byCode: { ERR_THROTTLED: second } }
    const requests = { inFlight: 8 + second, waiting: second }
    timeline.look(
      1000 * second,
      progress({ bytes: second ** 2 * 4096 }),
      stats({ retries, requests }),
    )
  }
  const startedAt = new Date('2026-01-02T03:04:05Z')
  const names = { command: 'sync', source: 'photos', target: 's3://bucket/p' }
  const info = { ...names, version: '1.2.3', isDryRun: false, startedAt, options: [], ...changes }
  return { info, tally, timeline, earlyEnd: undefined, endedAt: new Date('2026-01-02T03:04:15Z') }
}
