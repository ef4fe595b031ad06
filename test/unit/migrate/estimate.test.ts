import { describe, expect, it } from 'vitest'
import { estimate, workListed, workPlanned } from '../../../src/migrate/estimate.ts'

const GiB = 1024 ** 3
const MiB = 1024 ** 2
const PACE = { isRelayed: true, concurrency: 64, maxBandwidth: 0, maxRequestRate: 0 }
const PROBE = {
  latencyMs: 20,
  reads: 4,
  bytes: 8 * MiB,
  elapsedMs: 100,
  bytesPerSecond: 100 * MiB,
}

function work(more: object): Parameters<typeof estimate>[0] {
  return { of: 'plan', objects: 0, bytes: 0, requests: 0, isAll: true, ...more }
}

describe('an estimate', () => {
  it('goes by bytes where these take longer', () => {
    const large = work({ objects: 10, bytes: 10 * GiB, requests: 30 })
    expect(estimate(large, PACE, PROBE)).toEqual({
      elapsedMs: 102_400,
      by: 'bytes',
      of: 'plan',
      objects: 10,
      bytes: 10 * GiB,
      isAtLeast: false,
      probe: PROBE,
    })
  })

  it('goes by requests where objects are small, as many at once as there are places', () => {
    const small = work({ objects: 64_000, bytes: 64_000, requests: 192_000 })
    const told = estimate(small, PACE, PROBE)
    expect(told).toMatchObject({ elapsedMs: 60_000, by: 'requests', isAtLeast: false })
    const alone = work({ objects: 1, bytes: 1, requests: 3 })
    expect(estimate(alone, PACE, PROBE).elapsedMs).toBe(60)
    // Its parts go at once.
    const large = work({ objects: 1, bytes: 1, requests: 6400 })
    expect(estimate(large, PACE, PROBE).elapsedMs).toBe(2000)
  })

  it('is no faster than what the engine may do', () => {
    const some = work({ objects: 100, bytes: 100 * MiB, requests: 300 })
    // Up and down together.
    const held = estimate(some, { ...PACE, maxBandwidth: MiB }, PROBE)
    expect(held).toMatchObject({ elapsedMs: 200_000, by: 'bytes' })
    const paced = estimate(some, { ...PACE, maxRequestRate: 10 }, PROBE)
    expect(paced).toMatchObject({ elapsedMs: 30_000, by: 'requests' })
  })

  it('knows nothing of the bytes a store copies by itself, nor of what was not listed', () => {
    const large = work({ objects: 10, bytes: 10 * GiB, requests: 30 })
    const none = { ...PROBE, reads: 0, bytes: 0, bytesPerSecond: undefined }
    const told = estimate(large, { ...PACE, isRelayed: false, maxBandwidth: 1 }, none)
    expect(told).toMatchObject({ elapsedMs: 60, by: 'requests', isAtLeast: true })
    const untimed = { ...PROBE, bytesPerSecond: undefined }
    expect(estimate(large, PACE, untimed)).toMatchObject({ by: 'requests', isAtLeast: true })
    expect(estimate(large, PACE, none).isAtLeast).toBe(false)
    const some = estimate({ ...large, isAll: false }, PACE, PROBE)
    expect(some).toMatchObject({ elapsedMs: 102_400, isAtLeast: true })
  })

  it('is none where nothing was measured', () => {
    const nothing = { ...PROBE, latencyMs: undefined, bytesPerSecond: undefined }
    const told = estimate(work({}), PACE, nothing)
    expect(told).toMatchObject({ elapsedMs: undefined, by: undefined })
  })

  it('is of what was listed, or of a plan without its listings', () => {
    const listed = { listed: 5, bytesListed: 7, isAll: false }
    expect(workListed(listed, false)).toEqual({
      of: 'listing',
      objects: 5,
      bytes: 7,
      requests: 15,
      isAll: false,
    })
    expect(workListed(listed, true).requests).toBe(20)
    const counts = { uploads: 0, downloads: 0, deletions: 1, moves: 0, bytesUp: 0, bytesDown: 0 }
    const requests = { PUT: 1, GET: 2, HEAD: 4, LIST: 100, DELETE: 8 }
    expect(workPlanned({ ...counts, copies: 3, bytesCopied: 9, requests })).toEqual({
      of: 'plan',
      objects: 3,
      bytes: 9,
      requests: 15,
      isAll: true,
    })
  })
})
