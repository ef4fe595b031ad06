/** Copies objects from one store to another, through this machine. */

import { makeEngine } from './engine.mjs'
import { job } from './job.mjs'

const { endpoint, region, credentials, destination, bucket, key, count } = job
const { endpoint: there, region: itsRegion, credentials: its } = destination
const source = { endpoint, region, credentials }
const engine = await makeEngine({
  ...job,
  endpoint: there,
  region: itsRegion,
  credentials: its,
  options: { source },
})
const [from, to] = [`s3://${bucket}/${key}`, `s3://${destination.bucket}/${key}`]
if (count === 1) await engine.copy(from, to, { via: 'relay' })
else {
  const { failed, failures } = await engine.copyPrefix(from, to, { via: 'relay' })
  if (failed > 0) throw failures[0]
}
await engine.close()
