/**
 * A fleet at work, request by request, on a clock of its own: each process keeps as much under way as its options
 * let it, and everything passes the coordinator's thread, the main thread of its process, the cores and the link of its host,
 * the prefixes and Redis, where it waits for what came before it. The bounds of the model are nowhere in it. Pure;
 * the same every time.
 */

import { EventQueue } from '../simulation/event-queue.ts'
import { Link } from '../simulation/link.ts'
import { seededRandom } from '../simulation/random.ts'
import { assumed } from './assumptions.ts'
import type { Inputs } from './inputs.ts'
import { demand, type Fleet, type Load, reach, type ResourceName, timesOf } from './model.ts'
import { commandsOfTime, commandsPerObject } from './queue.ts'
import { type Requests, requestsOf } from './requests.ts'
import { Partitions, Station } from './stations.ts'

export interface SimulationOptions {
  readonly seed?: number | undefined
  /** Seconds a prefix is busy before it becomes two. @default Infinity */
  readonly splitAfter?: number | undefined
  /** Seconds in all, of which the first three tenths do not count. @default twelve round trips */
  readonly seconds?: number | undefined
}

export interface Simulated {
  /** Objects per second, after warm-up. */
  readonly rate: number
  /** In each tenth of the time: objects per second, and prefixes at its end. */
  readonly course: readonly { readonly rate: number; readonly partitions: number }[]
  readonly begun: number
  readonly done: number
  readonly underWay: number
}

/** Things under way in all; what a run has more of moves in groups. Source: none; enough for the prefixes. */
const UNITS_MAX = 2000

/** Share of a latency that is chance. */
const JITTER = 0.3

/** Round trips of a whole run, and tenths of it that do not count. */
const ROUND_TRIPS = 12
const STEPS = 10
const WARM_UP_STEPS = 3

const OPTIONS: readonly ResourceName[] = ['maxInFlight', 'maxTransfers', 'memoryLimit']

export function simulate(
  inputs: Inputs,
  fleet: Fleet,
  load: Load,
  options: SimulationOptions = {},
): Simulated {
  const run = new Run(inputs, fleet, load, options)
  return run.toEnd(options.seconds)
}

class Run {
  readonly #events = new EventQueue()
  readonly #random: () => number
  readonly #fleet: Fleet
  readonly #load: Load
  readonly #requests: Requests
  /** Objects that move together, perhaps less than one: a group of parts. */
  readonly #group: number
  readonly #roundTrip: number
  readonly #puts: Partitions
  readonly #gets: Partitions
  readonly #redis = new Station(this.#events, 1)
  readonly #coordinator = new Station(this.#events, 1)
  readonly #takes: Takes
  #begun = 0
  #done = 0

  constructor(
    inputs: Inputs,
    fleet: Fleet,
    load: Load,
    { seed = 1, splitAfter = Infinity }: SimulationOptions,
  ) {
    this.#random = seededRandom(seed)
    this.#fleet = fleet
    this.#load = load
    this.#requests = requestsOf(load.operation, load.size)
    this.#takes = takesOf(inputs, fleet, load)
    const { prefixes, hosts, processes } = fleet
    this.#puts = new Partitions(this.#events, prefixes, assumed('putsPerPrefix'), splitAfter)
    this.#gets = new Partitions(this.#events, prefixes, assumed('getsPerPrefix'), splitAfter)
    const all = underWay(inputs, fleet, load) / (hosts * processes)
    const units = Math.max(
      1,
      Math.min(Math.round(all * this.#requests.parts), Math.floor(UNITS_MAX / (hosts * processes))),
    )
    this.#group = all / units
    this.#roundTrip = (all * hosts * processes) / reach(inputs, fleet, load).rate
    for (let host = 0; host < hosts; host += 1) this.#startHost(units)
  }

  toEnd(seconds = ROUND_TRIPS * this.#roundTrip): Simulated {
    const course: { rate: number; partitions: number }[] = []
    for (let step = 1; step <= STEPS; step += 1) {
      const before = this.#done
      this.#events.runUntil((1000 * seconds * step) / STEPS)
      const rate = (this.#done - before) / (seconds / STEPS)
      course.push({ rate, partitions: Math.max(this.#puts.count, this.#gets.count) })
    }
    const counted = course.slice(WARM_UP_STEPS)
    return {
      rate: counted.reduce((sum, { rate }) => sum + rate, 0) / counted.length,
      course,
      begun: this.#begun,
      done: this.#done,
      underWay: this.#begun - this.#done,
    }
  }

  #startHost(units: number): void {
    const { cores, processes, link } = this.#fleet
    const bandwidth = (link * assumed('linkShare')) / 8
    const perConnection = assumed('perConnection') * this.#group * this.#requests.parts
    const host: Host = {
      cores: new Station(this.#events, cores),
      up: new Link(this.#events, bandwidth, perConnection),
      down: new Link(this.#events, bandwidth, perConnection),
    }
    for (let index = 0; index < processes; index += 1) {
      const main = new Station(this.#events, 1)
      for (let unit = 0; unit < units; unit += 1) this.#begin(host, main)
    }
  }

  /** One unit from its beginning to its end, and then the next in its place. */
  #begin(host: Host, main: Station): void {
    const group = this.#group
    const takes = this.#takes
    const place = this.#random()
    this.#begun += group
    const steps: ((next: () => void) => void)[] = [
      (next) =>
        takes.coordinator > 0 ? this.#coordinator.serve(group * takes.coordinator, next) : next(),
      (next) => main.serve(group * takes.main, next),
      (next) => host.cores.serve(group * takes.cores, next),
      (next) => this.#gets.serve(place, group * this.#requests.gets, next),
      (next) => this.#puts.serve(place, group * this.#requests.puts, next),
      (next) => this.#events.after(1000 * this.#latency(), next),
      (next) => this.#carry(host, next),
      (next) => (takes.redis > 0 ? this.#redis.serve(group * takes.redis, next) : next()),
    ]
    const step = (index: number): void => {
      const act = steps[index]
      if (act !== undefined) return act(() => step(index + 1))
      this.#done += group
      this.#begin(host, main)
    }
    step(0)
  }

  /** One way, or one after the other. */
  #carry({ up, down }: Host, onEnd: () => void): void {
    const { operation } = this.#load
    const bytes = this.#group * this.#takes.bytes
    const send = (): void => void up.send(bytes, onEnd)
    if (operation === 'upload') send()
    else down.send(bytes, operation === 'download' ? onEnd : send)
  }

  #latency(): number {
    return this.#takes.latency * (1 - JITTER - JITTER * Math.log(1 - this.#random()))
  }
}

interface Host {
  readonly cores: Station
  readonly up: Link
  readonly down: Link
}

/** What an object takes. Seconds but for the bytes. */
interface Takes {
  readonly main: number
  readonly cores: number
  readonly coordinator: number
  readonly redis: number
  readonly latency: number
  readonly bytes: number
}

function takesOf(inputs: Inputs, fleet: Fleet, load: Load): Takes {
  const { size, operation } = load
  const requests = requestsOf(operation, size)
  const { cpuSeconds, mainSeconds } = demand(inputs, fleet, load)
  const { queue, hosts, processes } = fleet
  const commands = assumed('redisCommands') - commandsOfTime(hosts * processes)
  const carried = ((operation === 'relay' ? 2 : 1) * size) / assumed('perConnection')
  return {
    main: mainSeconds,
    cores: cpuSeconds,
    coordinator: queue ? inputs.listed + inputs.noted : 0,
    redis: queue ? commandsPerObject(size) / commands : 0,
    // Of all requests of a part: those of an object are spread over its parts.
    latency: (timesOf(load, requests, 0).requests - carried) / requests.parts,
    bytes: size + assumed('headerBytes') * (requests.puts + requests.gets),
  }
}

/** Objects that the options of all processes let be under way. */
function underWay(inputs: Inputs, fleet: Fleet, load: Load): number {
  const { resources } = reach(inputs, fleet, load)
  const bounds = resources.filter(({ name }) => OPTIONS.includes(name))
  const rate = Math.min(...bounds.map(({ given, taken }) => (taken > 0 ? given / taken : Infinity)))
  const requests = requestsOf(load.operation, load.size)
  const { cpuSeconds } = demand(inputs, fleet, load)
  return (rate * timesOf(load, requests, cpuSeconds).requests) / requests.parts
}
