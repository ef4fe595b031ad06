import { describe, expect, it } from 'vitest'
import { statsText } from '../../../src/cli/stats-text.ts'
import { SharedState, WorkerState } from '../../../src/pool/shared-state.ts'
import { engineStats, type EngineStats } from '../../../src/stats.ts'
import { makeRun } from '../transfer/run-fixture.ts'

function statsOf(count: (state: WorkerState) => void): EngineStats {
  const { env } = makeRun()
  const shared = new SharedState(1)
  count(new WorkerState(shared.buffer, 1, 12))
  const executor = Object.assign(Object.create(env.executor) as typeof env.executor, {
    workers: () => shared.workers(),
  })
  env.counts.retried('ERR_THROTTLED')
  env.counts.retried('ERR_CONNECT')
  env.counts.retried('ERR_THROTTLED')
  return engineStats({ ...env, executor }, 0)
}

describe('the text of statistics', () => {
  it('is a table of workers, then connections, waits and retries', () => {
    const stats = statsOf((state) => {
      state.add('open', 1)
      state.add('opened', 3)
      state.add('reused', 5)
      state.add('requests', 8)
      state.add('failed', 1)
      state.add('bytesSent', 2 * 1024 * 1024)
      for (const reason of ['idle', 'failed'] as const) state.addClosed(reason)
      for (const ms of [2, 2, 2]) state.note('handshakeMs', ms)
      state.note('acquireMs', 70_000)
    })
    expect(statsText(stats).split('\n')).toEqual([
      'worker  open  opened  reused  requests  failed   sent  received',
      '------  ----  ------  ------  --------  ------  -----  --------',
      '12         1       3       5         8       1  2 MiB       0 B',
      'all        1       3       5         8       1  2 MiB       0 B',
      'connections: 375.0 opened per 1,000 requests; closed 2 (idle 1, failed 1)',
      'handshake: p50 1.5 ms, p95 1.9 ms, p99 2.0 ms (3)',
      'wait for a connection: p50 > 10000 ms, p95 > 10000 ms, p99 > 10000 ms (1)',
      'retries: 3 (ERR_THROTTLED 2, ERR_CONNECT 1)',
      '',
    ])
  })

  it('says so where nothing happened', () => {
    const lines = statsText({
      ...statsOf(() => undefined),
      workers: [],
      retries: { total: 0, byCode: {} },
    }).split('\n')
    expect(lines[2]).toMatch(/^all +0 /)
    expect(lines.slice(3)).toEqual([
      'connections: 0.0 opened per 1,000 requests; closed 0',
      'handshake: none',
      'wait for a connection: none',
      'retries: 0',
      '',
    ])
  })
})
