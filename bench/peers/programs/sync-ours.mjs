/** Brings one side of a tree in step with the other. */

import { makeEngine } from './engine.mjs'
import { job } from './job.mjs'

const { operation, bucket, key, path } = job
const remote = `s3://${bucket}/${key}`
const [from, to] = operation === 'upload' ? [path, remote] : [remote, path]
const engine = await makeEngine(job)
const { failed, failures } = await engine.sync(from, to)
if (failed > 0) throw failures[0]
await engine.close()
