/**
 * What the three programs for small requests share: keys and bodies, 16 requests in flight, and
 * the CPU time of one of them, measured after a warm-up in the process that makes them.
 */

import { contentView, entryOf, nameOf } from '../../../dist/bench/server/content.js'

/** See `Job` in ../peer.ts; `count` requests of `size` bytes. */
export const job = JSON.parse(process.argv[2])

/** Requests, and connections, at a time. */
export const IN_FLIGHT = 16

/** Key of each object, and where its content begins in the block. */
export const keys = Array.from({ length: job.count }, (_, index) => job.key + nameOf(index))
export const entries = keys.map(entryOf)

/** The bytes of an object: a view. */
export function bodyOf(index) {
  return contentView(entries[index], 0, job.size)
}

/** @throws Error when a downloaded body is not that of its key */
export function checkBody(index, body) {
  if (body.length !== job.size || !bodyOf(index).equals(body)) {
    throw new Error(`${keys[index]} came with wrong bytes`)
  }
}

/**
 * Calls `request(index, lane)` for every object, and prints what one call took. A lane is a number
 * below `IN_FLIGHT`, and has one request at a time.
 */
export async function measureRequests(request) {
  // As many before they count: V8 compiles what it finds hot for some ten thousand requests.
  await runAll(job.count, request)
  const before = process.cpuUsage()
  await runAll(job.count, request)
  const { user, system } = process.cpuUsage(before)
  const report = {
    userMicrosPerRequest: user / job.count,
    systemMicrosPerRequest: system / job.count,
  }
  console.log(JSON.stringify(report))
}

async function runAll(count, request) {
  let next = 0
  const run = async (lane) => {
    while (next < count) {
      const index = next
      next += 1
      await request(index, lane)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, lane) => run(lane)))
}
