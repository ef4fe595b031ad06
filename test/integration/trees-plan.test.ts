/** What a dry run says of the whole, against what is done then. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { SyncOptions, TreePlan } from 'transfer-engine'
import { BUCKET, MiB, sharedBed } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment } from './cli-command.ts'

const TREE = `s3://${BUCKET}/tree/`

const bed = sharedBed()
afterEach(() => bed().store.reset())

const CLASSES: Readonly<Record<string, keyof TreePlan['requests']>> = {
  PutObject: 'PUT',
  CreateMultipartUpload: 'PUT',
  UploadPart: 'PUT',
  CompleteMultipartUpload: 'PUT',
  GetObject: 'GET',
  HeadObject: 'HEAD',
  ListObjectsV2: 'LIST',
  DeleteObjects: 'DELETE',
}

async function makeTree(name: string): Promise<string> {
  const root = bed().path(name)
  await mkdir(root)
  const sizes = { empty: 0, large: 12 * MiB, middle: MiB, small: 3 }
  for (const [each, size] of Object.entries(sizes)) {
    await writeFile(join(root, each), testBytes(size, size))
  }
  return root
}

/** Requests the store has had since the last call, by class. */
function counted(): TreePlan['requests'] {
  const { requests } = bed().store
  const counts = { PUT: 0, GET: 0, HEAD: 0, LIST: 0, DELETE: 0 }
  for (const { operation } of requests.entries()) {
    const name = CLASSES[operation]
    if (name === undefined) throw new Error(`${operation} is of no class`)
    counts[name] += 1
  }
  requests.clear()
  return counts
}

async function planned(from: string, to: string, options: SyncOptions): Promise<TreePlan> {
  const { plan } = await bed().engine.sync(from, to, { ...options, dryRun: true })
  counted()
  if (plan === undefined) throw new Error('a dry run has a plan')
  return plan
}

describe('the plan of a dry run', () => {
  test('has the objects, bytes and requests of what is done then', async () => {
    const { engine, path } = bed()
    const root = await makeTree('up')
    await engine.upload(Buffer.from('x'), `${TREE}extra`)
    counted()
    const up = await planned(root, TREE, { delete: true })
    expect(up).toMatchObject({ uploads: 4, downloads: 0, deletions: 1, bytesUp: 13 * MiB + 3 })
    const done = await engine.sync(root, TREE, { delete: true })
    expect(done).toMatchObject({ uploaded: 4, deleted: 1, plan: undefined })
    expect(counted()).toEqual(up.requests)

    const copy = path('copy')
    const down = await planned(TREE, copy, {})
    expect(down).toMatchObject({ uploads: 0, downloads: 4, bytesDown: 13 * MiB + 3 })
    await engine.sync(TREE, copy)
    const { GET, HEAD, ...others } = counted()
    expect(others).toEqual({ PUT: 0, LIST: 1, DELETE: 0 })
    // At the least: one may be asked for as if it were small, and then again.
    expect(GET + HEAD).toBeGreaterThanOrEqual(down.requests.GET + down.requests.HEAD)

    const same = await planned(root, TREE, { checksum: true })
    expect(same.requests).toEqual({ PUT: 0, GET: 0, HEAD: 4, LIST: 1, DELETE: 0 })
    await engine.sync(root, TREE, { checksum: true })
    expect(counted()).toEqual(same.requests)
  })

  test('goes by the part size of the engine, of the call and of a hook', async () => {
    const root = await makeTree('parts')
    const filter = ({ name }: { readonly name: string }): boolean => name === 'large'
    const upload = async (options: object): Promise<number | undefined> => {
      const all = { filter, dryRun: true, ...options }
      const { plan } = await bed().engine.uploadDirectory(root, TREE, all)
      return plan?.requests.PUT
    }
    expect(await upload({})).toBe(3 + 2)
    expect(await upload({ partSize: 6 * MiB })).toBe(2 + 2)
    expect(await upload({ multipartThreshold: 13 * MiB })).toBe(1)
    expect(await upload({ onBeforeTransfer: () => ({ partSize: 6 * MiB }) })).toBe(2 + 2)
  })
})

describe('--dry-run', () => {
  async function command(...argv: readonly string[]) {
    const { dir, stateDir, store } = bed()
    const common = ['--workers', '1', '--state-dir', stateDir]
    return run([...argv, ...common], { cwd: dir, env: storeEnvironment(store) })
  }

  test('says requests and, by a table of prices, what they cost', async () => {
    await makeTree('cli')
    const prices = { currency: 'EUR', per1000: { PUT: 5, HEAD: 1 }, perGiB: { storageMonth: 1024 } }
    await writeFile(bed().path('prices'), JSON.stringify(prices))
    const copy = ['cp', '-r', 'cli', TREE, '--dry-run', '--prices', 'prices']
    const text = await command(...copy)
    expect(text).toMatchObject({ code: 0 })
    expect(text.err).toBe(
      'would be done: 4 uploads of 13.0 MiB\n' +
        'requests, at the least: 4 PUT\n' +
        'expected cost: 0.0200 EUR (requests 0.0200 EUR, egress 0.0000 EUR), ' +
        'and 13.0000 EUR a month for storage\n',
    )
    const { events } = await command(...copy, '--json')
    expect(events.at(-1)).toMatchObject({
      event: 'result',
      planned: 4,
      plan: { uploads: 4, bytesUp: 13 * MiB + 3, requests: { PUT: 4, GET: 0 } },
      cost: { currency: 'EUR', total: 0.02, unpriced: [] },
    })
    const { events: done } = await command(...copy.slice(0, 4), '--json')
    expect(done.at(-1)).not.toHaveProperty('plan')
  })

  test('is what prices are for', async () => {
    const result = await command('sync', '.', TREE, '--prices', 'prices')
    expect(result).toMatchObject({ code: 2 })
    expect(result.err).toMatch(/only with --dry-run/)
    const missing = await command('sync', '.', TREE, '--dry-run', '--prices', 'missing')
    expect(missing).toMatchObject({ code: 2 })
  })
})
