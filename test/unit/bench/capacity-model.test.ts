/** The model of how far a fleet goes: each bound by hand, and what it says of requests beside those counted. */

import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { costAt } from '../../../bench/capacity/curve.ts'
import { growth } from '../../../bench/capacity/growth.ts'
import { reach, type ResourceName } from '../../../bench/capacity/model.ts'
import { outcomeLine } from '../../../bench/capacity/outcome-sample.ts'
import {
  commandsOfTime,
  commandsPerObject,
  jobMemory,
  resultMemory,
  shardObjects,
} from '../../../bench/capacity/queue.ts'
import { requestsOf } from '../../../bench/capacity/requests.ts'
import { loadResults } from '../../../bench/report/load.ts'
import { GiB, KiB, MiB } from '../../../src/units.ts'
import { fleet, INPUTS } from './capacity-fixture.ts'

const RESULTS = fileURLToPath(new URL('../../../bench/results', import.meta.url))
const SMALL = { operation: 'upload', size: 4 * KiB } as const

describe('the rate', () => {
  it.each<[ResourceName, Parameters<typeof fleet>[0], number]>([
    ['cores', { cores: 2 }, 2000],
    ['main thread', { processes: 1 }, 4000],
    ['PUTs per prefix', { prefixes: 2 }, 7000],
    // 0.94 of 10 Mbit/s over 4 KiB and a head of 1 KiB.
    ['link', { link: 10e6 }, (10e6 * 0.94) / 8 / 5120],
    // Each takes a latency of 100 ms, its bytes at 85 MB/s, and a millisecond of CPU time.
    ['maxTransfers', { processes: 1, settings: { ...fleet().settings, maxTransfers: 10 } }, 98.96],
    ['maxInFlight', { processes: 1, settings: { ...fleet().settings, maxInFlight: 10 } }, 98.96],
    // What is small holds 256 KiB.
    ['memoryLimit', { processes: 1, settings: { ...fleet().settings, memoryLimit: MiB } }, 39.58],
  ])('ends at %s where there is least of it', (limit, changes, rate) => {
    const reached = reach(INPUTS, fleet(changes), SMALL)
    expect(reached.limit).toBe(limit)
    expect(reached.rate).toBeCloseTo(rate, 1)
    expect(reached.bitsPerSecond).toBeCloseTo(8 * 4096 * reached.rate, 3)
  })

  it('ends at PUTs where copies have one prefix, and at the coordinator with a large fleet', () => {
    const relay = { operation: 'relay', size: 4 * KiB } as const
    expect(reach(INPUTS, fleet({ prefixes: 1 }), relay)).toMatchObject({
      limit: 'PUTs per prefix',
      rate: 3500,
    })
    const many = reach(INPUTS, fleet({ hosts: 64, queue: true, prefixes: 1000 }), relay)
    expect(many.limit).toBe('coordinator')
    expect(many.rate).toBeCloseTo(1 / 0.00003, 3)
  })

  it('counts TLS by the byte, and a key that a worker of the queue lists again', () => {
    const relay = { operation: 'relay', size: 4 * KiB } as const
    const tls = { ...INPUTS, tls: { ...INPUTS.tls, upload: 0.001 / 4096 } }
    expect(reach(tls, fleet({ cores: 2 }), SMALL).rate).toBeCloseTo(1000, 3)
    const queued = reach(INPUTS, fleet({ cores: 2, queue: true }), relay)
    expect(queued.rate).toBeCloseTo(2 / 0.00102, 3)
  })
})

describe('costs between sizes', () => {
  const points = [
    { size: 10, cpuSeconds: 1, mainSeconds: 0.5, source: '' },
    { size: 30, cpuSeconds: 3, mainSeconds: 0.6, source: '' },
  ]

  it('lie on a line, below the first are its own, and grow with the bytes behind the last', () => {
    expect(costAt(points, 10)).toEqual({ cpuSeconds: 1, mainSeconds: 0.5 })
    expect(costAt(points, 20)).toEqual({ cpuSeconds: 2, mainSeconds: 0.55 })
    expect(costAt(points, 1)).toEqual({ cpuSeconds: 1, mainSeconds: 0.5 })
    expect(costAt(points, 60)).toEqual({ cpuSeconds: 6, mainSeconds: 1.2 })
    expect(() => costAt([], 1)).toThrow('no cost')
  })
})

describe('requests of an object', () => {
  it.each([
    ['upload-20k-4k', 'upload'],
    ['upload-10k-64k', 'upload'],
    ['upload-64x64m', 'upload'],
    ['upload-4g', 'upload'],
    ['download-20k-4k', 'download'],
    ['download-64x64m', 'download'],
    ['download-4g', 'download'],
  ] as const)('are those that the server counted: %s', async (name, operation) => {
    const result = (await loadResults(RESULTS)).find(({ workload }) => workload === name)
    const ours = result?.samples.find(({ peer }) => peer === 'transfer-engine')
    const { puts, gets } = requestsOf(operation, result?.size ?? 0)
    const counted = (ours?.requests ?? 0) / (result?.count ?? 0)
    expect(counted / (puts + gets)).toBeCloseTo(1, 2)
  })

  it('are of a copy those at the source, and a PUT', async () => {
    const results = await loadResults(RESULTS)
    const result = results.find(({ workload }) => workload === 'relay-5k-64k')
    const atSource = (result?.samples[0]?.requests ?? 0) / (result?.count ?? 0)
    expect(requestsOf('relay', 64 * KiB)).toEqual({ puts: 1, gets: Math.round(atSource), parts: 1 })
  })
})

describe('the queue', () => {
  it('takes commands by the shard, by the batch and by time', () => {
    expect(shardObjects(4 * KiB)).toBe(10_000)
    expect(shardObjects(GiB)).toBe(64)
    expect(shardObjects(100 * GiB)).toBe(1)
    expect(commandsPerObject(4 * KiB)).toBeCloseTo(42 / 10_000 + 5 / 500, 9)
    expect(commandsPerObject(GiB)).toBeCloseTo(42 / 64 + 5 / 64, 9)
    expect(commandsOfTime(15)).toBeCloseTo(15 * (2 * (3 / 15 + 1) + 6 / 2), 9)
  })

  it('has no more in Redis than shards that are open, nor than there are shards', () => {
    const [few, many, more] = [2e4, 1e8, 1e10].map((objects) => jobMemory(objects, 4 * KiB))
    expect(many).toBe(more)
    expect(few).toBeLessThan(many ?? 0)
    expect((few ?? 0) / 2).toBe((many ?? 0) / 4096)
  })

  it('holds workers up before Redis fills with what they tell', () => {
    expect(resultMemory(10)).toBe(600)
    expect(resultMemory(1e6)).toBe(resultMemory(1e9))
  })
})

describe('what grows', () => {
  it('is what is kept of each object, and not what is held', () => {
    const load = { operation: 'relay', size: 64 * KiB } as const
    const [small, large] = [1e8, 1e10].map((objects) => growth(INPUTS, fleet(), load, objects))
    for (const name of [
      'outcomes',
      'shards',
      'jobsAtOnce',
      'removals',
      'listed',
      'moved',
    ] as const) {
      expect((large?.[name] ?? 0) / (small?.[name] ?? 1), `of ${name}`).toBeCloseTo(100, 6)
    }
    expect(large?.jobsOpen).toBe(small?.jobsOpen)
    expect(large?.backlog).toBe(small?.backlog)
    expect(small?.outcomes).toBe(1e8 * outcomeLine().length)
  })

  it('is a line as a migration writes it', () => {
    const record = JSON.parse(outcomeLine()) as Record<string, unknown>
    expect(record).toMatchObject({
      status: 'done',
      operation: 'copy',
      bucket: 'destination-bucket',
    })
    expect(record).not.toHaveProperty('mtimeMs')
    expect(outcomeLine().endsWith('\n')).toBe(true)
  })
})
