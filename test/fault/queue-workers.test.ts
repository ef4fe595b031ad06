/**
 * Three worker processes at a queue: one is killed, one is cut off from Redis and comes back, and the
 * migration ends with each object there once, proved, and nothing left open.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../helpers/failure.ts'
import { cuttableWay, findRedis, startRedis } from '../helpers/redis.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment } from '../integration/cli-command.ts'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))
const BUSY_MS = 240_000
const SMALL = 400
const LARGE = testBytes(96 * 1024 * 1024, 99)

const MAKING = ['PutObject', 'CompleteMultipartUpload']

const executable = findRedis()
const directory = useTemporaryDirectory()

/** Keys in two orders: of bytes, and of writing. */
const keys = Array.from({ length: SMALL }, (_, index) => `a/${index % 7}/ü ${index}`)

async function fill(source: LocalStore): Promise<void> {
  const sdk = sdkClient(source)
  const put = (Key: string, Body: Buffer) =>
    sdk.send(
      new PutObjectCommand({
        Bucket: 'old',
        Key,
        Body,
        Metadata: { key: encodeURIComponent(Key) },
      }),
    )
  await Promise.all(keys.map((key, index) => put(key, testBytes(index, index))))
  await put('a/3/large', LARGE)
  sdk.destroy()
}

test.skipIf(executable === undefined)(
  'of three workers one dies and one is cut off, and each object is there once, proved',
  { timeout: BUSY_MS },
  async () => {
    await using source = await startLocalStore({ buckets: ['old'] })
    await using target = await startLocalStore({ buckets: ['new'] })
    await fill(source)
    const redis = await startRedis(executable ?? '')
    onTestFinished(() => redis.close())
    const way = await cuttableWay(redis.url)
    onTestFinished(() => way.close())
    const { accessKeyId, secretAccessKey } = source.credentials
    const env = {
      ...storeEnvironment(target),
      TRANSFER_ENGINE_SOURCE_ACCESS_KEY_ID: accessKeyId,
      TRANSFER_ENGINE_SOURCE_SECRET_ACCESS_KEY: secretAccessKey,
    }
    const ends = ['--source-endpoint-url', source.endpoint]
    const worker = (name: string, url: string): ChildProcess => {
      const state = ['--state-dir', join(directory(), name)]
      // Slow enough that they are in the middle of something whenever something happens.
      const slow = ['--max-bandwidth', '12MiB', '--workers', '1']
      const argv = ['worker', '--queue', url, '--lease', '3s', '--json', ...state, ...slow, ...ends]
      const child = spawn(process.execPath, [MAIN, ...argv], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true', ...env },
      })
      onTestFinished(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'close')
      })
      return child
    }
    const killed = worker('killed', redis.url)
    const cut = worker('cut', way.url)
    const kept = worker('kept', redis.url)
    await until(
      async () => (await redis.command('ZCARD transfer-engine:default:workers')) === ':3',
      'three workers are there',
    )
    const job = join(directory(), 'job')
    const argv = ['migrate', 's3://old/a', 's3://new/b', ...ends, '--job', job, '--json']
    const migration = run([...argv, '--queue', redis.url, '--shard-objects', '20'], { env })
    const written = (): number =>
      target.requests.entries().filter(({ method }) => method === 'PUT').length
    await until(() => written() > 40, 'some objects are there')
    killed.kill('SIGKILL')
    way.cut()
    await until(() => written() > 150, 'more objects are there')
    setTimeout(() => way.mend(), 4000)
    const { code, err, events } = await migration
    expect(err).not.toMatch(/ERR_/u)
    expect({ code, end: events.at(-1) }).toMatchObject({ code: 0, end: { failed: 0 } })

    const objects = target.objects('new')
    expect(objects).toHaveLength(SMALL + 1)
    expect(
      objects
        .find(({ key }) => key === 'b/3/large')
        ?.bytes()
        .equals(LARGE),
    ).toBe(true)
    for (const [index, key] of keys.entries()) {
      const found = objects.find((object) => object.key === key.replace(/^a/u, 'b'))
      expect(found?.bytes().equals(testBytes(index, index))).toBe(true)
      expect(found?.metadata).toMatchObject({ key: encodeURIComponent(key) })
    }
    expect(target.uploads()).toEqual([])
    // Made once: whoever was overtaken was refused.
    const made = target.requests
      .entries()
      .filter(({ operation, status }) => MAKING.includes(operation ?? '') && status === 200)
    expect(new Set(made.map(({ key }) => key)).size).toBe(SMALL + 1)
    expect(made).toHaveLength(SMALL + 1)
    const report = JSON.parse(await readFile(join(job, 'report.json'), 'utf8'))
    expect(report.seen).toBe(SMALL + 1)
    expect(report.seen).toBe(report.copied + report.unchanged + report.failed + report.skipped)
    // The one that was cut off is back, and both end well when they are told to.
    for (const child of [cut, kept]) {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'close')
      expect(child.exitCode).toBe(143)
    }
  },
)
