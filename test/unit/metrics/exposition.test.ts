import { describe, expect, it } from 'vitest'
import { METRICS } from '../../../src/metrics/definitions.ts'
import { METRICS_TYPE, metricsText } from '../../../src/metrics/exposition.ts'
import { TransferError } from '../../../src/errors.ts'
import { SharedState, WorkerState } from '../../../src/pool/shared-state.ts'
import { afterTheEnd, CLOSE_REASONS } from '../../../src/pool/worker-counters.ts'
import { engineStats, type EngineStats } from '../../../src/stats.ts'
import { parseExposition, type Family } from '../../helpers/exposition.ts'
import { makeRun } from '../transfer/run-fixture.ts'

/** Statistics in which every count is another one. */
function busyStats(): EngineStats {
  const { env } = makeRun()
  const shared = new SharedState(1)
  const state = new WorkerState(shared.buffer, 1, 7)
  for (const [index, name] of (
    ['open', 'connecting', 'busy', 'idle', 'waiting'] as const
  ).entries()) {
    state.add(name, 10 + index)
  }
  for (const [index, name] of (['opened', 'reused', 'failed', 'requests'] as const).entries()) {
    state.add(name, 20 + index)
  }
  state.add('bytesSent', 2 ** 41)
  state.add('heldBackMs', 1500)
  state.add('bytesReceived', 31)
  for (const [index, reason] of CLOSE_REASONS.entries()) {
    for (let count = 0; count <= index; count += 1) state.addClosed(reason)
  }
  state.note('handshakeMs', 3)
  state.note('handshakeMs', 70_000)
  state.note('acquireMs', 0.5)
  env.counts.ended('upload', undefined, 40)
  env.counts.ended('upload', new TransferError('ERR_TLS', ''), 60)
  env.counts.retried('ERR_THROTTLED')
  const [row] = shared.workers()
  if (row === undefined) throw new Error('no worker has registered')
  const workers = [row, { ...afterTheEnd(row), threadId: 8 }]
  const executor = Object.assign(Object.create(env.executor) as typeof env.executor, {
    workers: () => workers,
  })
  const stats = engineStats({ ...env, executor }, 4)
  const limited = (bucket: string, limit: number): EngineStats['operations'][number] => ({
    bucket,
    operation: 'GetObject',
    limit,
    inFlight: 1,
    waiting: 0,
    requestRate: undefined,
  })
  return { ...stats, operations: [limited('a', 16), limited('b', 4)] }
}

async function familiesOf(stats: EngineStats): Promise<Map<string, Family>> {
  return parseExposition(await metricsText(stats))
}

describe('the text of metrics', () => {
  it('holds every metric there is, in order, with its help and type', async () => {
    const families = await familiesOf(engineStats(makeRun().env, 0))
    const found = [...families].map(([name, { help, type }]) => [name, help, type])
    expect(found).toEqual(
      Object.entries(METRICS).map(([name, { help, type }]) => [name, help, type]),
    )
    expect(METRICS_TYPE).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('shows the statistics in base units, under their labels', async () => {
    const families = await familiesOf(busyStats())
    const at = (line: string): number | undefined =>
      families.get(line.replace(/(_bucket|_sum|_count)?(\{.*)?$/, ''))?.samples.get(line)
    const expected = {
      transfer_engine_transfers_active: 4,
      'transfer_engine_transfers_submitted_total{kind="upload"}': 1,
      'transfer_engine_transfers_ended_total{kind="upload",outcome="succeeded"}': 1,
      'transfer_engine_transfers_ended_total{kind="upload",outcome="failed"}': 1,
      'transfer_engine_transfers_ended_total{kind="read",outcome="aborted"}': 0,
      'transfer_engine_transfer_duration_seconds_bucket{kind="upload",le="0.05"}': 1,
      'transfer_engine_transfer_duration_seconds_bucket{kind="upload",le="+Inf"}': 2,
      'transfer_engine_transfer_duration_seconds_sum{kind="upload"}': 0.1,
      'transfer_engine_transfer_failures_total{code="ERR_TLS"}': 1,
      'transfer_engine_payload_bytes_total{direction="sent"}': 2 * 2 ** 41,
      'transfer_engine_payload_bytes_total{direction="received"}': 62,
      transfer_engine_requests_total: 46,
      transfer_engine_request_failures_total: 44,
      'transfer_engine_retries_total{code="ERR_THROTTLED"}': 1,
      transfer_engine_held_back_seconds_total: 3,
      'transfer_engine_requests_limit{operation="GetObject"}': 20,
      transfer_engine_workers: 1,
      'transfer_engine_connections{worker="7",state="open"}': 10,
      'transfer_engine_connections{worker="7",state="idle"}': 13,
      'transfer_engine_connection_waiters{worker="7"}': 14,
      transfer_engine_connections_opened_total: 40,
      transfer_engine_connections_reused_total: 42,
      'transfer_engine_connections_closed_total{reason="idle"}': 2,
      'transfer_engine_connection_handshake_seconds_bucket{le="0.005"}': 2,
      'transfer_engine_connection_handshake_seconds_bucket{le="10"}': 2,
      'transfer_engine_connection_handshake_seconds_bucket{le="+Inf"}': 4,
      transfer_engine_connection_handshake_seconds_sum: 140.006,
      transfer_engine_connection_acquire_seconds_count: 2,
    }
    const found = Object.fromEntries(Object.keys(expected).map((line) => [line, at(line)]))
    expect(found).toEqual(expected)
    const lines = [...families.values()].flatMap(({ samples }) => [...samples.keys()])
    expect(
      lines.filter((line) => line.includes('worker="8"')),
      'of a thread that ended',
    ).toEqual([])
  })

  it('escapes what a label may not hold', async () => {
    const byCode = { [String.raw`a"b\c` + '\n']: 1 }
    const families = await familiesOf({ ...busyStats(), failures: { total: 1, byCode } })
    expect([
      ...(families.get('transfer_engine_transfer_failures_total')?.samples.keys() ?? []),
    ]).toEqual([String.raw`transfer_engine_transfer_failures_total{code="a\"b\\c\n"}`])
  })

  it('is bounded: as many lines however much was moved', async () => {
    const stats = busyStats()
    const count = async (): Promise<number> => (await metricsText(stats)).split('\n').length
    expect(await count()).toBeLessThan(250)
    const many = { ...stats, workers: Array.from({ length: 256 }, () => stats.workers[1]!) }
    expect((await metricsText(many)).split('\n').length).toBeLessThan(await count())
  })
})

describe('the table of metrics', () => {
  it.each(Object.entries(METRICS))('names %s as the rules of Prometheus say', (name, row) => {
    expect(name).toMatch(/^transfer_engine_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(row.type === 'counter')
    if (row.unit === 'seconds') expect(name).toMatch(/_seconds(_total)?$/)
    if (row.unit === 'bytes') expect(name).toMatch(/_bytes(_total)?$/)
    expect(row.help).toMatch(/^[A-Z].*\.$/)
    const labels = row.read(busyStats()).map((sample) => Object.keys(sample.labels))
    for (const found of labels) expect(found).toEqual(row.labels)
  })
})

describe('the reader of these tests', () => {
  const HEAD = '# HELP a_total b\n# TYPE a_total counter\n'
  const HISTOGRAM = '# HELP h b\n# TYPE h histogram\n'
  it.each([
    ['no type', '# HELP a_total b\na_total 1\n'],
    ['an unfinished line', `${HEAD}a_total 1`],
    ['a stray name', `${HEAD}b_total 1\n`],
    ['a line twice', `${HEAD}a_total 1\na_total 1\n`],
    ['no number', `${HEAD}a_total x\n`],
    ['a quote in a label', `${HEAD}a_total{x="a"b"} 1\n`],
    ['a histogram without all', `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
    [
      'buckets that shrink',
      `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`,
    ],
  ])('refuses %s', (_, text) => {
    expect(() => parseExposition(text)).toThrow()
  })
})
