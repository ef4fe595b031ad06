/** Costs as they might have been measured, made up so that bounds are round numbers. */

import type { Inputs } from '../../../bench/capacity/inputs.ts'
import type { Fleet } from '../../../bench/capacity/model.ts'
import { GiB, KiB } from '../../../src/units.ts'

const POINTS = [
  { size: 4 * KiB, cpuSeconds: 0.001, mainSeconds: 0.00025, source: 'made up' },
  { size: GiB, cpuSeconds: 4, mainSeconds: 0.4, source: 'made up' },
]

export const INPUTS: Inputs = {
  costs: { upload: POINTS, download: POINTS, relay: POINTS },
  tls: { upload: 0, download: 0, relay: 0 },
  listed: 0.00002,
  judged: { cpuSeconds: 0.00004, mainSeconds: 0.00003 },
  noted: 0.00001,
  memory: [{ count: 1000, peakRss: 1e8 }],
  processor: '2 × Example',
}

export function fleet(changes: Partial<Fleet> = {}): Fleet {
  return {
    hosts: 1,
    cores: 16,
    processes: 4,
    link: 25e9,
    prefixes: 100,
    queue: false,
    settings: { maxInFlight: 1024, maxTransfers: 1024, memoryLimit: 8 * GiB },
    ...changes,
  }
}
