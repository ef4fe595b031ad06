/**
 * An engine until its workers are ready, and nothing else. The engine is the one built in this
 * checkout, or that at the path in `ENGINE_ENTRY`.
 */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const { endpoint, region, credentials, workers } = JSON.parse(process.argv[2])
const entry = process.env.ENGINE_ENTRY
const { TransferEngine } = await import(
  entry === undefined ? '../../../dist/src/index.js' : pathToFileURL(resolve(entry)).href
)

const transferEngine = new TransferEngine({ endpoint, region, credentials, workers })
await transferEngine.ready()
await transferEngine.close()
