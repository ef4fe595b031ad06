/** A migration of all versions whose process is killed, again and again, makes each once and in order. */

import { join } from 'node:path'
import {
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { startLocalStore } from 'transfer-engine/testing'
import { expect, test } from 'vitest'
import { sdkClient } from '../helpers/sdk-client.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { contentsOf } from '../helpers/versions.ts'
import { run, storeEnvironment } from '../integration/cli-command.ts'

/** For machines that do other things as well: these are some ten starts of Node.js. */
const BUSY_MS = 240_000

const KEYS = 40
const KILLS = 6

const directory = useTemporaryDirectory()

test('versions and markers are made once and in their order', { timeout: BUSY_MS }, async () => {
  await using source = await startLocalStore({ buckets: ['old'] })
  await using target = await startLocalStore({ buckets: ['new'] })
  const [from, to] = [sdkClient(source), sdkClient(target)]
  for (const [client, Bucket] of [
    [from, 'old'],
    [to, 'new'],
  ] as const) {
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  }
  const expected: Record<string, string[]> = {}
  const fill = async (index: number): Promise<void> => {
    const name = `${index % 3}/ü${index}`
    const object = { Bucket: 'old', Key: `a/${name}` }
    // Some have the same bytes again.
    const bodies = ['one', `two ${index}`, 'marker', 'one', 'one', `six ${index}`]
    for (const Body of bodies) {
      if (Body === 'marker') await from.send(new DeleteObjectCommand(object))
      else await from.send(new PutObjectCommand({ ...object, Body }))
    }
    expected[name] = bodies
  }
  await Promise.all(Array.from({ length: KEYS }, (_, index) => fill(index)))

  const { accessKeyId, secretAccessKey } = source.credentials
  const env = {
    ...storeEnvironment(target),
    TRANSFER_ENGINE_SOURCE_ACCESS_KEY_ID: accessKeyId,
    TRANSFER_ENGINE_SOURCE_SECRET_ACCESS_KEY: secretAccessKey,
  }
  const sides = ['s3://old/a', 's3://new/b', '--source-endpoint-url', source.endpoint]
  const job = ['--state-dir', join(directory(), 'state'), '--job', join(directory(), 'job')]
  const argv = ['migrate', ...sides, ...job, '--all-versions', '--quiet']
  const written = (): number =>
    target.requests.entries().filter(({ method }) => method === 'PUT' || method === 'DELETE').length
  let kills = 0
  for (; kills < KILLS; kills += 1) {
    const before = written()
    const { code } = await run(argv, {
      env,
      during: (child) => {
        const timer = setInterval(() => {
          if (written() - before < 20) return
          clearInterval(timer)
          child.kill('SIGKILL')
        }, 2)
        timer.unref()
      },
    })
    if (code !== null) break
  }
  // Otherwise nothing was put to the test.
  expect(kills).toBeGreaterThan(2)
  expect(await run(argv, { env })).toMatchObject({ code: 0 })
  expect(await contentsOf(to, 'new', 'b/')).toEqual(expected)
  for (const client of [from, to]) client.destroy()
})
