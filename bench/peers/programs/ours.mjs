/**
 * One job by the engine's public interface. The engine is the one built in this checkout, or that
 * at the path in `ENGINE_ENTRY`.
 */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { consume, forEach, itemsOf, job, makeDirectories } from './job.mjs'

/** Calls that wait inside the engine; it takes any number, but each is a promise. */
const CALLS_AHEAD = 1000

const entry = process.env.ENGINE_ENTRY
const { TransferEngine } = await import(
  entry === undefined ? '../../../dist/src/index.js' : pathToFileURL(resolve(entry)).href
)

const { endpoint, region, credentials, bucket, settings } = job
const transferEngine = new TransferEngine({
  endpoint,
  region,
  credentials,
  ...(settings && { partSize: settings.partSize, maxInFlight: settings.concurrency }),
  ...job.options,
})

const WORK = {
  upload: ({ key, path }) => transferEngine.upload(path, { bucket, key }),
  download: ({ key, path }) => transferEngine.download({ bucket, key }, path),
  read: ({ key }) => consume(transferEngine.read({ bucket, key }), key),
}

const items = await itemsOf(job)
if (job.operation === 'download') await makeDirectories(items)
await forEach(items, CALLS_AHEAD, WORK[job.operation])
await transferEngine.close()
