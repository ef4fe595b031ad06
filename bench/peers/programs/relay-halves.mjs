/** The two halves of a copy, apart: reads an object to its end, then uploads its bytes out of memory. */

import { makeEngine } from './engine.mjs'
import { consume, job } from './job.mjs'

const { destination, key, size } = job
const reader = await makeEngine(job)
await consume(reader.read(`s3://${job.bucket}/${key}`), key)
await reader.close()

const { endpoint, region, credentials, bucket } = destination
const writer = await makeEngine({ ...job, endpoint, region, credentials })
const { contentView, entryOf } = await import('../../../dist/bench/server/content.js')
const entry = entryOf(key)
const CHUNK = 256 * 1024

async function* bytes() {
  for (let at = 0; at < size; at += CHUNK) yield contentView(entry, at, Math.min(CHUNK, size - at))
}

await writer.upload(bytes(), `s3://${bucket}/${key}`, { size })
await writer.close()
