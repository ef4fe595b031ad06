/**
 * How far a fleet goes with objects of one size: of each resource, what it gives a second and what an object
 * takes of it. Their ratio is a bound, and the least of the bounds is the rate (the operational laws of
 * queueing: utilisation = rate × demand ≤ 1; Denning and Buzen 1978). Pure.
 *
 *   rate = min over resources of (given per second ÷ taken per object)
 */

import { partBufferSize, SMALL_FILE_MAX } from '../../src/plan/memory-budget.ts'
import { assumed } from './assumptions.ts'
import { costAt } from './curve.ts'
import type { Inputs } from './inputs.ts'
import { commandsOfTime, commandsPerObject } from './queue.ts'
import { type Operation, type Requests, requestsOf } from './requests.ts'

/** Options of each process that bound what is under way. */
export interface Settings {
  readonly maxInFlight: number
  readonly maxTransfers: number
  /** Bytes. */
  readonly memoryLimit: number
}

/** Hosts that are all alike. */
export interface Fleet {
  readonly hosts: number
  /** Of each host. */
  readonly cores: number
  readonly processes: number
  /** Bits per second of each host, each way. */
  readonly link: number
  /** Prefixes worked on at the same time; S3 counts requests by them. */
  readonly prefixes: number
  /** Whether a coordinator hands out shards by Redis; else each process has its own part of the work. */
  readonly queue: boolean
  readonly settings: Settings
}

export interface Load {
  readonly operation: Operation
  /** Bytes of each object. */
  readonly size: number
}

export type ResourceName =
  | 'cores'
  | 'main thread'
  | 'link'
  | 'PUTs per prefix'
  | 'GETs per prefix'
  | 'maxInFlight'
  | 'maxTransfers'
  | 'memoryLimit'
  | 'Redis'
  | 'coordinator'

export interface Resource {
  readonly name: ResourceName
  /** What there is of it in a second, and what an object takes; seconds, bytes, requests or commands. */
  readonly given: number
  readonly taken: number
}

export interface Reached {
  /** Objects per second. */
  readonly rate: number
  readonly bitsPerSecond: number
  readonly limit: ResourceName
  readonly resources: readonly Resource[]
}

export function reach(inputs: Inputs, fleet: Fleet, load: Load): Reached {
  const resources = resourcesOf(inputs, fleet, load)
  const rateOf = ({ given, taken }: Resource): number => (taken > 0 ? given / taken : Infinity)
  const least = resources.reduce((a, b) => (rateOf(b) < rateOf(a) ? b : a))
  const rate = rateOf(least)
  return { rate, bitsPerSecond: 8 * rate * load.size, limit: least.name, resources }
}

export function resourcesOf(inputs: Inputs, fleet: Fleet, load: Load): Resource[] {
  const { hosts, cores, link, prefixes, settings } = fleet
  const { operation, size } = load
  const processes = hosts * fleet.processes
  const requests = requestsOf(operation, size)
  const { cpuSeconds, mainSeconds } = demand(inputs, fleet, load)
  const held = timesOf(load, requests, cpuSeconds)
  const bytes = size + assumed('headerBytes') * (requests.puts + requests.gets)
  return [
    { name: 'cores', given: hosts * cores, taken: cpuSeconds },
    { name: 'main thread', given: processes, taken: mainSeconds },
    { name: 'link', given: (hosts * link * assumed('linkShare')) / 8, taken: bytes },
    { name: 'PUTs per prefix', given: prefixes * assumed('putsPerPrefix'), taken: requests.puts },
    { name: 'GETs per prefix', given: prefixes * assumed('getsPerPrefix'), taken: requests.gets },
    { name: 'maxInFlight', given: processes * settings.maxInFlight, taken: held.requests },
    { name: 'maxTransfers', given: processes * settings.maxTransfers, taken: held.transfer },
    { name: 'memoryLimit', given: processes * settings.memoryLimit, taken: held.memory },
    ...(fleet.queue ? queueResources(inputs, processes, size) : []),
  ]
}

/** Listing the source, and noting outcomes, in one thread; commands of one Redis. */
function queueResources(inputs: Inputs, processes: number, size: number): Resource[] {
  const commands = Math.max(0, assumed('redisCommands') - commandsOfTime(processes))
  return [
    { name: 'Redis', given: commands, taken: commandsPerObject(size) },
    { name: 'coordinator', given: 1, taken: inputs.listed + inputs.noted },
  ]
}

/** CPU time of an object where it is moved: as measured, with TLS, and with the lists of a shard's both sides. */
export function demand(
  inputs: Inputs,
  { queue }: Fleet,
  { operation, size }: Load,
): ReturnType<typeof costAt> {
  const { cpuSeconds, mainSeconds } = costAt(inputs.costs[operation], size)
  // The source was listed in what was measured already.
  const more = queue ? inputs.listed : 0
  return {
    cpuSeconds: cpuSeconds + inputs.tls[operation] * size + more,
    mainSeconds: mainSeconds + more,
  }
}

interface Held {
  /** Seconds its requests are in flight, all together. */
  readonly requests: number
  /** Seconds it has a place among the transfers, parts as parallel as they can be. */
  readonly transfer: number
  /** Bytes × seconds of memory. */
  readonly memory: number
}

/**
 * How long an object holds what is bounded by options, if it never waits for another one.
 *
 * @param cpuSeconds of it, spread over its parts
 */
export function timesOf(
  { operation, size }: Load,
  { puts, gets, parts }: Requests,
  cpuSeconds: number,
): Held {
  const latency = assumed('latency')
  const part = Math.min(size, assumed('partSize'))
  const carried = part / assumed('perConnection')
  const ways = operation === 'relay' ? 2 : 1
  const around = puts + gets - ways * parts
  const each = ways * (latency + carried) + cpuSeconds / parts
  return {
    requests: around * latency + parts * each,
    transfer: around * latency + each,
    memory: parts * heldBytes(operation, size, part) * each,
  }
}

/** What a part holds while it is under way: a relay all of it, an upload what it reads at a time. */
function heldBytes(operation: Operation, size: number, part: number): number {
  if (operation === 'relay') return part
  if (size <= SMALL_FILE_MAX) return SMALL_FILE_MAX
  return operation === 'download' ? 0 : partBufferSize(part)
}
