/**
 * What happens in one round of a soak: options of the engine, faults of the network and the store,
 * and what is moved. Pure: the same seed and round give the same plan.
 */

import type { EngineOptions } from 'transfer-engine'
import type { FaultRule } from 'transfer-engine/testing'
import type { ChaosRule } from '../helpers/chaos-proxy/proxy.ts'
import { Dice } from './dice.ts'
import { networkWeather, storeWeather } from './weather.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** Threads killed in one round: a part that loses one more is given up. */
const KILLS_MAX = 2

/** The life of one object. */
export interface ObjectPlan {
  readonly key: string
  readonly size: number
  /** Of its bytes. */
  readonly seed: number
  readonly from: 'file' | 'buffer' | 'stream' | 'sized-stream'
  /** Largest chunk of a stream. Bytes. */
  readonly chunk: number
  /** It is only made if the key is free, which it is. */
  readonly onlyNew: boolean
  readonly uploadAbortMs: number | undefined
  /** What is done with it once it is there, one after the other. */
  readonly uses: readonly UsePlan[]
}

export interface UsePlan {
  readonly how: 'download' | 'read' | 'peek'
  /** `peek` only: the reader leaves after so many bytes. */
  readonly bytes: number
  readonly abortMs: number | undefined
}

export interface RoundPlan {
  readonly engine: EngineOptions
  readonly network: readonly ChaosRule[]
  readonly store: readonly FaultRule[]
  /** Seed of the chances of the network. */
  readonly networkSeed: number
  /** Whether bytes that arrive may be damaged: then a download may be refused for it. */
  readonly damagesDownloads: boolean
  readonly objects: readonly ObjectPlan[]
  /** When a thread is killed. Milliseconds after the start. */
  readonly kills: readonly number[]
}

export function planRound(seed: number, round: number): RoundPlan {
  const dice = new Dice(seed, round)
  const objects = planObjects(dice)
  const engine = planEngine(dice)
  const network = networkWeather(dice)
  const store = storeWeather(dice)
  const isDamage = ({ fault }: ChaosRule | FaultRule): boolean =>
    fault.kind === 'flip-response' || (fault.kind === 'corrupt' && fault.way === 'down')
  return {
    engine,
    network,
    store,
    networkSeed: dice.int(1, 1_000_000),
    damagesDownloads: [...network, ...store].some(isDamage),
    objects,
    kills: dice.chance(0.2)
      ? Array.from({ length: dice.int(1, KILLS_MAX) }, () => dice.int(20, 1500))
      : [],
  }
}

function planEngine(dice: Dice): EngineOptions {
  return {
    workers: dice.int(0, 2),
    maxConnections: dice.spread(1, 32),
    maxIdleConnections: dice.spread(0, 8),
    prewarmConnections: dice.chance(0.2) ? dice.int(1, 4) : 0,
    maxInFlight: dice.spread(1, 32),
    maxTransfers: dice.spread(1, 64),
    memoryLimit: dice.int(12, 64) * MiB,
    partSize: dice.chance(0.8) ? 5 * MiB + dice.pick([0, 1, 4095, MiB]) : undefined,
    multipartThreshold: dice.pick([0, 5 * MiB, 8 * MiB, 16 * MiB]),
    checksumAlgorithm: dice.pick(['CRC32', 'CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']),
    payloadSigning: dice.pick(['auto', 'always', 'never']),
    idleTimeoutMs: dice.spread(20, 4000),
    connectionMaxAgeMs: dice.chance(0.3) ? dice.int(50, 1000) : 300_000,
    connectTimeoutMs: 2000,
    // A loaded machine that lets two processes wait must not look like a stalled line.
    readTimeoutMs: dice.int(2500, 3500),
    minThroughput: dice.chance(0.2) ? 64 * KiB : KiB,
    minThroughputWindowMs: dice.chance(0.2) ? 1000 : 20_000,
    // Enough that giving up is a defect: at most a quarter of all requests fails.
    maxAttempts: 16,
    retryDelayMs: dice.int(1, 20),
    retryDelayMaxMs: 200,
  }
}

function planObjects(dice: Dice): ObjectPlan[] {
  const objects: ObjectPlan[] = []
  const add = (size: number): void =>
    void objects.push(planObject(dice, `object-${objects.length}`, size))
  const large = dice.int(0, 4)
  for (let n = 0; n < large; n += 1) add(dice.int(4 * MiB, 28 * MiB))
  // Where plans change their minds.
  if (dice.chance(0.5)) add(dice.pick([5, 8, 10, 15, 16]) * MiB + dice.int(-1, 1))
  const small = dice.chance(0.3) ? dice.int(50, 200) : dice.int(1, 12)
  for (let n = 0; n < small; n += 1) add(dice.chance(0.1) ? 0 : dice.spread(1, 300 * KiB))
  return objects
}

function planObject(dice: Dice, key: string, size: number): ObjectPlan {
  const isSmall = size < MiB
  const abortMs = (): number | undefined =>
    dice.chance(isSmall ? 0.03 : 0.15) ? dice.spread(0, 800) : undefined
  return {
    key,
    size,
    seed: dice.int(1, 1_000_000),
    from: dice.pick(['file', 'file', 'buffer', 'stream', 'sized-stream']),
    chunk: dice.spread(1000, 3 * MiB),
    onlyNew: dice.chance(0.2),
    uploadAbortMs: abortMs(),
    uses: Array.from({ length: dice.int(0, isSmall ? 1 : 3) }, () => ({
      how: dice.pick(['download', 'download', 'read', 'peek'] as const),
      bytes: dice.int(0, size),
      abortMs: abortMs(),
    })),
  }
}
