import { describe, expect, it } from 'vitest'
import { LIMIT_MIN, LIMIT_START, RequestLimit } from '../../../src/adapt/request-limit.ts'

const MiB = 1024 * 1024

/** Keeps as many requests of 100 ms in flight as it may, and moves what `rate` says of so many. */
class Driver {
  readonly limit: RequestLimit
  now = 0
  most = Number.POSITIVE_INFINITY
  readonly #started: number[] = []
  #debt = 0

  constructor(max: number) {
    this.limit = new RequestLimit(max)
  }

  /** @param rate bytes per second with so many requests in flight */
  run(seconds: number, rate: (inFlight: number) => number): void {
    const { limit } = this
    for (const end = this.now + 1000 * seconds; this.now < end;) {
      while (this.#started.length < this.most && limit.waitMs(this.now) === 0) this.start()
      this.now += 10
      this.#debt += rate(limit.inFlight) / 100
      while (this.#debt >= MiB && this.#started.length > 0) {
        this.#debt -= MiB
        limit.end(this.#started.shift() ?? 0, 'done', MiB, this.now)
        if (limit.waitMs(this.now) === 0 && this.#started.length < this.most) this.start()
      }
      if (this.now % 100 === 0) limit.tick(this.now, this.#debt)
    }
  }

  start(): void {
    this.limit.start(this.now)
    this.#started.push(this.now)
  }

  /** All that are in flight end alike. */
  endAll(how: 'refused' | 'timed-out'): void {
    for (const startedAt of this.#started.splice(0)) this.limit.end(startedAt, how, 0, this.now)
  }
}

const perRequest = (inFlight: number): number => inFlight * 10 * MiB
const upTo =
  (requests: number) =>
  (inFlight: number): number =>
    perRequest(Math.min(inFlight, requests))

describe('RequestLimit', () => {
  it('begins low, and reaches its maximum while goodput grows with it', () => {
    const driver = new Driver(256)
    expect(driver.limit.limit).toBe(LIMIT_START)
    driver.run(10, perRequest)
    expect(driver.limit.limit).toBe(256)
  })

  it('does not grow where more requests only wait longer', () => {
    const driver = new Driver(256)
    driver.run(60, upTo(10))
    expect(driver.limit.limit).toBeLessThanOrEqual(LIMIT_START)
    // It may just be trying with fewer.
    expect(driver.limit.limit).toBeGreaterThanOrEqual(7)
  })

  it('settles near what is worth it, and follows when that changes', () => {
    const driver = new Driver(256)
    driver.run(30, upTo(100))
    expect(driver.limit.limit).toBeGreaterThanOrEqual(90)
    expect(driver.limit.limit).toBeLessThanOrEqual(140)
    driver.run(60, upTo(12))
    expect(driver.limit.limit).toBeLessThanOrEqual(30)
    driver.run(60, upTo(200))
    expect(driver.limit.limit).toBeGreaterThanOrEqual(180)
  })

  it('learns nothing while there is less to do than it would allow', () => {
    const driver = new Driver(256)
    driver.most = 8
    driver.run(30, perRequest)
    expect(driver.limit.limit).toBe(LIMIT_START)
  })

  it.each(['refused', 'timed-out'] as const)('is halved once by a burst of %s', (how) => {
    const driver = new Driver(64)
    driver.run(10, perRequest)
    const before = driver.limit.limit
    expect(before).toBeGreaterThan(50)
    driver.endAll(how)
    expect(driver.limit.limit).toBe(Math.round(before / 2))
  })

  it('recovers after a burst of time-outs, to where it was and no further at first', () => {
    const driver = new Driver(256)
    driver.run(30, upTo(100))
    const before = driver.limit.limit
    driver.endAll('timed-out')
    driver.run(6, upTo(100))
    expect(driver.limit.limit).toBeGreaterThanOrEqual(0.8 * before)
    expect(driver.limit.limit).toBeLessThanOrEqual(before)
  })

  it('stays at its least through time-outs without end, and recovers when they end', () => {
    const driver = new Driver(256)
    driver.run(10, perRequest)
    for (let round = 0; round < 20; round += 1) {
      driver.run(0.5, () => 0)
      driver.endAll('timed-out')
    }
    expect(driver.limit.limit).toBe(LIMIT_MIN)
    driver.run(120, perRequest)
    expect(driver.limit.limit).toBe(256)
  })

  it('paces requests after a refusal only', () => {
    const driver = new Driver(64)
    driver.run(5, perRequest)
    driver.endAll('timed-out')
    expect(driver.limit.rate(driver.now)).toBeUndefined()
    driver.run(5, perRequest)
    driver.endAll('refused')
    expect(driver.limit.rate(driver.now)).toBeGreaterThan(0)
  })

  it('keeps to a maximum below its least', () => {
    const driver = new Driver(2)
    expect(driver.limit.limit).toBe(2)
    driver.run(5, perRequest)
    driver.endAll('timed-out')
    expect(driver.limit.limit).toBe(2)
  })

  it('refuses to end more requests than were started', () => {
    const limit = new RequestLimit(4)
    limit.start(0)
    limit.end(0, 'done', 1, 1)
    expect(() => limit.end(0, 'done', 1, 2)).toThrow('a request ends once')
  })
})
