/**
 * Small requests by the code that runs in a worker, driven in this thread with jobs in memory. The
 * engine is the one built in this checkout, or that at the path in `ENGINE_ENTRY`.
 */

import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BLOCK_LENGTH, contentView } from '../../../dist/bench/server/content.js'
import { checkBody, entries, IN_FLIGHT, job, keys, measureRequests } from './request-loop.mjs'

const built = fileURLToPath(new URL('../../../dist/src/index.js', import.meta.url))
const dist = dirname(dirname(resolve(process.env.ENGINE_ENTRY ?? built)))
const load = (path) => import(pathToFileURL(join(dist, path)).href)
const { SharedState } = await load('src/pool/shared-state.js')
const { PartRunner } = await load('workers/part-runner.js')

const { endpoint, region, bucket, credentials, size } = job
const shared = new SharedState(IN_FLIGHT)
const runner = new PartRunner({
  channel: 'unused',
  shared: shared.buffer,
  slots: IN_FLIGHT,
  maxConnections: IN_FLIGHT,
  maxIdleConnections: IN_FLIGHT,
  connectTimeoutMs: 5000,
  readTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  connectionMaxAgeMs: 0,
  tls: { rejectUnauthorized: true },
})
const route = {
  origin: endpoint,
  host: new URL(endpoint).host,
  basePath: `/${bucket}`,
  bucket,
  signing: { region, service: 's3' },
  credentials,
  signPayload: true,
  clockOffsetMs: 0,
}

async function run(work, index) {
  const [result] = await runner.run({ route, jobs: [work] })
  if (!result.ok) throw new Error(`${keys[index]}: ${JSON.stringify(result.error)}`)
}

/** The block of all content, twice, so that a body is one stretch of it. */
const block = new SharedArrayBuffer(2 * BLOCK_LENGTH)
for (const offset of [0, BLOCK_LENGTH]) {
  Buffer.from(block, offset).set(contentView(0, 0, BLOCK_LENGTH))
}
const put = (index, lane) =>
  run(
    {
      kind: 'put',
      transferId: index + 1,
      slot: lane,
      key: keys[index],
      query: '',
      headers: [],
      source: { kind: 'memory', buffer: block, offset: entries[index] },
      length: size,
      algorithm: 'CRC32',
      sendChecksum: true,
    },
    index,
  )

const received = new SharedArrayBuffer(IN_FLIGHT * size)
const bodies = Array.from({ length: IN_FLIGHT }, (_, lane) =>
  Buffer.from(received, lane * size, size),
)
const get = async (index, lane) => {
  await run(
    {
      kind: 'get',
      transferId: index + 1,
      slot: lane,
      key: keys[index],
      query: '',
      headers: [],
      sink: { kind: 'memory', buffer: received, offset: lane * size },
      offset: 0,
      length: size,
      size,
      whole: true,
      etag: '',
      contentEncoding: undefined,
      algorithm: 'CRC32',
    },
    index,
  )
  checkBody(index, bodies[lane])
}

await measureRequests(job.operation === 'upload' ? put : get)
runner.close()
