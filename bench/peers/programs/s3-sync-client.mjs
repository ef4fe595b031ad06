/** Mirrors the directory of the job, or the one file of it that is meant. */

import { basename, dirname } from 'node:path'
import { S3SyncClient } from 's3-sync-client'
import { job } from './job.mjs'
import { sdkClient } from './sdk.mjs'

const { operation, bucket, count, key, path, settings } = job
const options = settings && {
  partSize: settings.partSize,
  maxConcurrentTransfers: settings.concurrency,
}

/** Directory, prefix and, for a single object, what picks and renames it. */
function mirrored() {
  if (count > 1) return { directory: path, prefix: key.replace(/\/$/, ''), rules: {} }
  const prefix = key.includes('/') ? dirname(key) : ''
  const place = prefix === '' ? '' : `${prefix}/`
  const [name, relocated, wanted] =
    operation === 'upload'
      ? [basename(path), place + basename(path), key]
      : [key, basename(key), basename(path)]
  const filters = [{ exclude: () => true }, { include: (id) => id === name }]
  // It has taken the prefix off, or put it before, when this is called, and for every object.
  const relocations = [(id) => (id === relocated ? wanted : id)]
  return { directory: dirname(path), prefix, rules: { filters, relocations } }
}

const { directory, prefix, rules } = mirrored()
const remote = `s3://${bucket}/${prefix}`
const client = sdkClient(job)
const [from, to] = operation === 'upload' ? [directory, remote] : [remote, directory]
await new S3SyncClient({ client }).sync(from, to, { ...options, ...rules })
client.destroy()
