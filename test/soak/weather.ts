/**
 * The faults of one round. Each strikes by chance; together they strike at most a quarter of all
 * requests, so that an engine that tries again as it should always gets through.
 */

import type { Fault, FaultRule } from 'transfer-engine/testing'
import type { ChaosRule, RequestFault } from '../helpers/chaos-proxy/proxy.ts'
import type { Dice } from './dice.ts'

const MiB = 1024 * 1024

/** Share of requests that fail by the network, and by the store, at most. */
const SHARE_MAX = 0.12

/** Less than the attempts after which bytes that always arrive damaged are given up. */
const DAMAGES_MAX = 1

/** Requests for the bytes of objects; what else there is has documents instead. */
const OF_OBJECTS = { method: 'GET', target: /^[^?]*(\?x-id=GetObject)?$/ } as const
/** All but Complete, whose answer may take minutes and is waited for as long. */
const OF_OTHERS = { target: /^(?!.*\?uploadId=)/ } as const
const OF_PARTS = { method: 'PUT' } as const

type Making<T> = (dice: Dice) => T

const how = (dice: Dice): 'rst' | 'fin' => dice.pick(['rst', 'fin'])
const way = (dice: Dice): 'up' | 'down' => dice.pick(['up', 'down'])

const NETWORK: readonly Making<Omit<ChaosRule, 'fault'> & { readonly fault: RequestFault }>[] = [
  (dice) => ({
    fault: { kind: 'cut', way: way(dice), afterBytes: dice.spread(0, 6 * MiB), how: how(dice) },
  }),
  (dice) => ({
    fault: { kind: 'cut', way: way(dice), afterBytes: dice.spread(0, 1000), how: how(dice) },
  }),
  (dice) => ({
    ...OF_OTHERS,
    fault: { kind: 'stall', way: way(dice), afterBytes: dice.spread(0, 3 * MiB) },
    times: 4,
  }),
  (dice) => ({
    fault: { kind: 'stall', way: way(dice), afterBytes: dice.spread(0, MiB), ms: dice.int(1, 400) },
  }),
  (dice) => ({ fault: { kind: 'swallow', how: how(dice) } }),
  () => ({ ...OF_OTHERS, fault: { kind: 'swallow', how: 'stall' }, times: 4 }),
  (dice) => ({ fault: { kind: 'close-after', how: how(dice) } }),
  (dice) => ({
    fault: { kind: 'split', way: way(dice), most: dice.spread(1, 2000), count: 3000 },
  }),
  (dice) => ({ fault: { kind: 'delay', ms: dice.spread(1, 300) } }),
  (dice) => ({
    fault: { kind: 'rate', way: way(dice), bytesPerSecond: dice.spread(4 * MiB, 40 * MiB) },
  }),
  (dice) => ({
    ...OF_PARTS,
    fault: { kind: 'corrupt', way: 'up', offset: dice.spread(0, 5 * MiB) },
    times: DAMAGES_MAX,
  }),
  (dice) => ({
    ...OF_OBJECTS,
    fault: { kind: 'corrupt', way: 'down', offset: dice.spread(0, 5 * MiB) },
    times: DAMAGES_MAX,
  }),
]

const STORE: readonly Making<Omit<FaultRule, 'fault'> & { readonly fault: Fault }>[] = [
  () => ({ fault: { kind: 'answer', status: 503, code: 'SlowDown' } }),
  (dice) => ({
    fault: {
      kind: 'answer',
      status: dice.pick([500, 502, 503, 504]),
      body: dice.pick(['error', 'html', 'empty', 'broken-xml']),
      at: dice.pick(['before-body', 'before-operation', 'after-operation']),
    },
  }),
  () => ({
    match: { operation: ['PutObject', 'UploadPart'] },
    fault: { kind: 'answer', status: 400, code: 'RequestTimeout' },
  }),
  (dice) => ({
    match: { operation: 'GetObject' },
    fault: { kind: 'drop-response', afterBytes: dice.spread(0, 5 * MiB), how: how(dice) },
  }),
  (dice) => ({
    match: { operation: ['PutObject', 'UploadPart'] },
    fault: { kind: 'drop-request', afterBytes: dice.spread(0, 5 * MiB), how: how(dice) },
  }),
  (dice) => ({
    match: { operation: 'GetObject' },
    fault: { kind: 'short-body', missing: dice.spread(1, 100_000) },
  }),
  () => ({ match: { operation: 'GetObject' }, fault: { kind: 'no-content-length' } }),
  () => ({
    match: { operation: 'CompleteMultipartUpload' },
    fault: { kind: 'answer', status: 200, code: 'InternalError' },
  }),
  (dice) => ({
    match: { operation: 'CompleteMultipartUpload' },
    fault: {
      kind: 'answer',
      status: 200,
      body: dice.pick(['html', 'empty', 'blanks', 'broken-xml']),
      at: dice.pick(['before-operation', 'after-operation']),
    },
  }),
  (dice) => ({
    match: { operation: 'CompleteMultipartUpload' },
    fault: { kind: 'drop', at: dice.pick(['before-operation', 'after-operation']), how: how(dice) },
  }),
  () => ({ match: { operation: 'UploadPart' }, fault: { kind: 'set-header', header: 'etag' } }),
  () => ({
    match: { operation: 'UploadPart' },
    fault: { kind: 'wrong-checksum' },
    times: DAMAGES_MAX,
  }),
  () => ({ match: { operation: 'GetObject' }, fault: { kind: 'content-range', shift: 1 } }),
  () => ({ fault: { kind: 'refuse', ms: 50 }, times: 2 }),
]

export function networkWeather(dice: Dice): ChaosRule[] {
  return choose(dice, NETWORK)
}

export function storeWeather(dice: Dice): FaultRule[] {
  return choose(dice, STORE).map((rule) => ({ ...rule, seed: dice.int(1, 1_000_000) }))
}

function choose<T extends object>(dice: Dice, makings: readonly Making<T>[]): T[] {
  const chosen = dice.some(makings, dice.chance(0.1) ? 0 : dice.int(1, 4))
  return chosen.map((make) => {
    const probability = (SHARE_MAX / chosen.length) * (dice.int(1, 4) / 4)
    return { ...make(dice), probability }
  })
}
