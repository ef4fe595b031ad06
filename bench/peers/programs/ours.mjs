/**
 * One job by the engine's public interface: one object by the call for it, many by the call for their
 * directory, or with `calls: 'each'` by one for each. The engine is the one built in this checkout, or
 * that at the path in `ENGINE_ENTRY`, which may be too old to know directories.
 */

import { makeEngine } from './engine.mjs'
import { consume, forEach, itemsOf, job, makeDirectories } from './job.mjs'

/** Calls that wait inside the engine; it takes any number, but each is a promise. */
const CALLS_AHEAD = 1000

const { bucket, operation, count, key, path, calls } = job
const engine = await makeEngine(job)

const TREE = {
  upload: () => engine.uploadDirectory(path, `s3://${bucket}/${key}`),
  download: () => engine.downloadDirectory(`s3://${bucket}/${key}`, path),
}

const EACH = {
  upload: (item) => engine.upload(item.path, { bucket, key: item.key }),
  download: (item) => engine.download({ bucket, key: item.key }, item.path),
  read: (item) => consume(engine.read({ bucket, key: item.key }), item.key),
}

if (count > 1 && calls !== 'each' && engine.uploadDirectory !== undefined) {
  const { failed, failures } = await TREE[operation]()
  if (failed > 0) throw failures[0]
} else {
  const items = await itemsOf(job)
  if (operation === 'download') await makeDirectories(items)
  await forEach(items, CALLS_AHEAD, EACH[operation])
}
await engine.close()
