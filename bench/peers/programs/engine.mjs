/** The engine for a job, with its settings. */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export async function makeEngine({ endpoint, region, credentials, settings, options }) {
  const entry = process.env.ENGINE_ENTRY
  const { TransferEngine } = await import(
    entry === undefined ? '../../../dist/src/index.js' : pathToFileURL(resolve(entry)).href
  )
  return new TransferEngine({
    endpoint,
    region,
    credentials,
    ...(settings && { partSize: settings.partSize, maxInFlight: settings.concurrency }),
    ...options,
  })
}
