/** A migration whose process is killed, again and again, ends with every object there, and proved. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { startLocalStore } from 'transfer-engine/testing'
import { expect, test } from 'vitest'
import { sdkClient } from '../helpers/sdk-client.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment } from '../integration/cli-command.ts'

/** For machines that do other things as well: these are some ten starts of Node.js. */
const BUSY_MS = 240_000

const SMALL = 300
const KILLS = 6
const LARGE = testBytes(80 * 1024 * 1024, 99)

const directory = useTemporaryDirectory()

test(
  'a migration that is killed goes on, and ends with all there, proved, and nothing left open',
  { timeout: BUSY_MS },
  async () => {
    await using source = await startLocalStore({ buckets: ['old'] })
    await using target = await startLocalStore({ buckets: ['new'] })
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
    const keys = Array.from({ length: SMALL }, (_, index) => `a/${index % 7}/ü ${index}`)
    await Promise.all(keys.map((key, index) => put(key, testBytes(index, index))))
    await put('a/3/large', LARGE)
    sdk.destroy()

    const job = join(directory(), 'job')
    const { accessKeyId, secretAccessKey } = source.credentials
    const env = {
      ...storeEnvironment(target),
      TRANSFER_ENGINE_SOURCE_ACCESS_KEY_ID: accessKeyId,
      TRANSFER_ENGINE_SOURCE_SECRET_ACCESS_KEY: secretAccessKey,
    }
    const sides = ['s3://old/a', 's3://new/b', '--source-endpoint-url', source.endpoint]
    const state = ['--state-dir', join(directory(), 'state')]
    const argv = ['migrate', ...sides, ...state, '--job', job, '--json']
    let kills = 0
    let killed = await run(argv, { env, during: (child) => killAfter(child, 30) })
    for (; killed.code === null && kills < KILLS; kills += 1) {
      const requests = 40 + 20 * kills
      killed = await run(argv, { env, during: (child) => killAfter(child, requests) })
    }
    const last = killed.code === 0 ? killed : await run(argv, { env })
    expect(last).toMatchObject({ code: 0 })
    // Otherwise nothing was put to the test.
    expect(kills).toBeGreaterThan(2)

    const objects = target.objects('new')
    expect(objects).toHaveLength(SMALL + 1)
    const large = objects.find(({ key }) => key === 'b/3/large')
    expect(large?.bytes().equals(LARGE)).toBe(true)
    for (const [index, key] of keys.entries()) {
      const found = objects.find((object) => object.key === key.replace(/^a/u, 'b'))
      expect(found?.bytes().equals(testBytes(index, index))).toBe(true)
      expect(found?.metadata).toMatchObject({ key: encodeURIComponent(key) })
    }
    expect(target.uploads()).toEqual([])
    const report = JSON.parse(await readFile(join(job, 'report.json'), 'utf8'))
    expect(report.seen).toBe(SMALL + 1)
    expect(report.seen).toBe(report.copied + report.unchanged + report.failed + report.skipped)
    expect(report.failed).toBe(0)

    /** Kills a command that the target has had so many requests of. */
    function killAfter(child: { kill(signal: 'SIGKILL'): boolean }, requests: number): void {
      const before = target.requests.entries().length
      const timer = setInterval(() => {
        if (target.requests.entries().length - before < requests) return
        clearInterval(timer)
        child.kill('SIGKILL')
      }, 2)
      timer.unref()
    }
  },
)
