/** Results as a benchmark might yield them, made up: only tests use them, and none is published. */

import type { PeerKind, Variant } from '../../../bench/peers/peer.ts'
import type { ResultPeer, Sample, WorkloadResult } from '../../../bench/result.ts'
import { GiB, KiB, MiB } from '../../../src/units.ts'

export function peer(name: string, kind: PeerKind, title = name): ResultPeer {
  return { name, title, kind, version: '1.2.3', settings: `settings of ${name}` }
}

/** A run that took so many CPU seconds, a quarter of them in user mode. */
export function sample(
  peer: string,
  run: number,
  cpuSeconds: number,
  changes: Partial<Sample> = {},
): Sample {
  return {
    peer,
    variant: 'equal',
    run,
    userSeconds: cpuSeconds / 4,
    systemSeconds: (cpuSeconds * 3) / 4,
    peakRss: 100 * MiB,
    wallSeconds: 1.5,
    connections: 5,
    requests: 10,
    serverCpuSeconds: 2,
    ...changes,
  }
}

/** Samples of one peer, a run for each CPU time. */
export function runs(
  peer: string,
  cpuSeconds: readonly number[],
  changes: Partial<Sample> = {},
): Sample[] {
  return cpuSeconds.map((seconds, index) => sample(peer, index + 1, seconds, changes))
}

/** A download of 2 GiB by ours, one other and a floor, three runs each. */
export function result(changes: Partial<WorkloadResult> = {}): WorkloadResult {
  return {
    workload: 'download-4g',
    title: 'Download of one 2 GiB object',
    group: 'large',
    operation: 'download',
    secure: false,
    count: 1,
    size: 2 * GiB,
    unit: 's/GiB',
    reference: 'client-s3',
    verification: 'Every byte is compared.',
    peers: [
      peer('transfer-engine', 'ours'),
      peer('client-s3', 'library', '@aws-sdk/client-s3'),
      peer('floor', 'floor', 'C floor'),
    ],
    absent: [
      { name: 's5cmd', reason: 'not found' },
      { name: 'minio', reason: 'failed in run 2' },
      { name: 'rclone', reason: 'not found' },
    ],
    date: '2026-01-02',
    command: 'npm run bench -- --filter download-4g --size 2GiB --runs 3',
    loadBefore: 0.5,
    machine: { processor: '2 × Example', Node: '20.19.0' },
    samples: [
      ...runs('transfer-engine', [2, 3, 2]),
      ...runs('client-s3', [8, 8, 10]),
      ...runs('floor', [1, 1, 1.25]),
    ],
    ...changes,
  }
}

/** A sweep over sizes: ours at each cost per GiB, the other at the first step only. */
export function sweep(
  costs: readonly number[],
  changes: Partial<WorkloadResult> = {},
): WorkloadResult {
  const steps = costs.map((cost, index) => {
    const gibibytes = 4 ** index / 4
    const own = runs('transfer-engine', [cost * gibibytes, cost * gibibytes])
    const other = runs('client-s3', [cost * gibibytes * 3, cost * gibibytes * 3])
    const samples = index === 0 ? [...own, ...other] : own
    return { count: 1, size: gibibytes * GiB, samples }
  })
  const { count, size } = steps.at(-1) ?? { count: 1, size: 0 }
  const { peers } = result()
  return result({
    workload: 'sizes-download',
    title: 'Download: cost against size',
    group: 'sweep',
    count,
    size,
    peers: peers.slice(0, 2),
    samples: [],
    steps,
    ...changes,
  })
}

/** A sweep over numbers of objects: a start-up, and so much for each object. */
export function counts(startUp: number, perObject: number): WorkloadResult {
  const steps = [1000, 5000, 20_000].map((count) => ({
    count,
    size: 4 * KiB,
    samples: runs('transfer-engine', [startUp + count * perObject]),
  }))
  return sweep([], { workload: 'counts-download', unit: 'µs/object', count: 20_000, steps })
}

/** Many peers with names as long as they come, two variants each, over several workloads. */
export function crowded(workload: string, changes: Partial<WorkloadResult> = {}): WorkloadResult {
  const peers = [
    peer('transfer-engine', 'ours'),
    peer('lib-storage', 'library', '@aws-sdk/lib-storage'),
    peer('client-s3', 'library', '@aws-sdk/client-s3'),
    peer('boto3-crt', 'library', 'boto3 with awscrt'),
    peer('aws-cli-2-crt', 'command', 'AWS CLI v2 (CRT)'),
    peer('rclone', 'command'),
    peer('s3cmd', 'command'),
    peer('floor', 'floor', 'C floor'),
    peer('sha256', 'floor', 'SHA-256 alone'),
    peer('crc32', 'floor', 'CRC32 alone'),
  ]
  const costs = [1.07, 5.83, 3.82, 2.46, 4.31, 2.33, 3.07, 0.45, 0.62, 0.09]
  const samples = peers.flatMap(({ name, kind }, index) => {
    const variants: readonly Variant[] = kind === 'floor' ? ['equal'] : ['equal', 'default']
    return variants.flatMap((variant, which) => {
      const cost = (costs[index] ?? 1) * 2 * (1 + which * 0.12)
      const peakRss = (60 + ((index * 137) % 340)) * MiB
      return runs(name, [cost, cost * 1.06, cost * 0.96], { variant, peakRss })
    })
  })
  return result({ workload, peers, samples, ...changes })
}
