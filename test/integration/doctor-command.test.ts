import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListObjectVersionsCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { startLocalStore } from 'transfer-engine/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sdkClient } from '../helpers/sdk-client.ts'
import { run, storeEnvironment } from './cli-command.ts'
import { deny, examine, URI } from './doctor-fixture.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

describe.concurrent('rights', () => {
  test.each([
    ['ListObjectsV2', 's3:ListBucket'],
    ['PutObject', 's3:PutObject'],
    [['GetObject', 'HeadObject'], 's3:GetObject'],
    ['DeleteObject', 's3:DeleteObject'],
    ['CreateMultipartUpload', 's3:PutObject'],
    ['AbortMultipartUpload', 's3:AbortMultipartUpload'],
  ])('without %s it is not usable, and says which is missing', async (operation, right) => {
    const { outcome, events } = await examine({ faults: [deny(operation)] })
    expect(outcome.code).toBe(1)
    const [result] = events('result')
    expect(result).toMatchObject({ usable: false })
    expect(result?.['missingRights']).toContain(right)
  })

  test.each([
    ['ListMultipartUploads', 's3:ListBucketMultipartUploads'],
    ['ListParts', 's3:ListMultipartUploadParts'],
    ['GetObjectTagging', 's3:GetObjectTagging'],
  ])('without %s it is usable, and says what is missing', async (operation, right) => {
    const { outcome, events, left } = await examine({ faults: [deny(operation)] })
    expect(outcome.code).toBe(0)
    expect(events('result')[0]).toMatchObject({ usable: true, missingRights: [right] })
    expect(left).toEqual([])
  })

  test('names what could not be removed', async () => {
    const { events, left } = await examine({ faults: [deny('DeleteObject')] })
    const [last] = events('finding').filter(({ probe }) => probe === 'clean-up')
    expect(last).toMatchObject({ result: 'left-behind', verdict: 'bad' })
    expect(left.length).toBeGreaterThan(0)
    for (const key of left) expect(last?.['meaning']).toContain(key)
  })

  test('tells wrong keys from missing rights', async () => {
    const store = await startLocalStore({ buckets: ['test'] })
    const env = { ...storeEnvironment(store), AWS_SECRET_ACCESS_KEY: 'wrong' }
    const outcome = await run(['doctor', URI], { env })
    await store.close()
    expect(outcome.code).toBe(1)
    expect(outcome.out).toMatch(/BAD +reach +refused +ERR_ACCESS_DENIED/)
    expect(outcome.out).not.toContain('s3:')
  })
})

describe.concurrent('the doctor', () => {
  let dir = ''
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'transfer-engine-doctor-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  test('writes nothing when told so, and reads what is there', async () => {
    const store = await startLocalStore({ buckets: ['test'] })
    const env = storeEnvironment(store)
    for (const key of ['place/a', 'place/b']) {
      await run(['cp', '-', `s3://test/${key}`], { env, input: Buffer.from('sixteen bytes ..') })
    }
    store.requests.clear()
    const outcome = await run(['doctor', URI, '--read-only', '--json'], { env })
    const asked = store.requests.entries()
    await store.close()
    const found = outcome.events.map(({ probe, result }) => [String(probe), result])
    expect(Object.fromEntries(found)).toMatchObject({
      read: 'yes',
      range: 'yes',
      'start-after': 'honoured',
      'keep-alive': 'kept',
    })
    expect(new Set(asked.map(({ operation }) => operation))).toEqual(
      new Set(['ListObjectsV2', 'HeadObject', 'GetObject', 'HeadBucket']),
    )
    expect(outcome.code).toBe(0)
  })

  test('removes versions as well, and leaves no marker', async () => {
    const store = await startLocalStore({ buckets: ['test'] })
    const sdk = sdkClient(store)
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await sdk.send(new PutBucketVersioningCommand({ Bucket: 'test', VersioningConfiguration }))
    const outcome = await run(['doctor', URI, '--json'], { env: storeEnvironment(store) })
    const listed = await sdk.send(new ListObjectVersionsCommand({ Bucket: 'test' }))
    sdk.destroy()
    await store.close()
    expect(outcome).toMatchObject({ code: 0 })
    expect([listed.Versions ?? [], listed.DeleteMarkers ?? []]).toEqual([[], []])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('cleans up after %s', async (signal) => {
    // The second part never gets its answer, so that the signal meets an open upload.
    const fault = { kind: 'delay', ms: 60_000 } as const
    const faults = [{ match: { operation: 'UploadPart', partNumber: 2 }, fault }]
    const store = await startLocalStore({ buckets: ['test'], faults })
    const outcome = await run(['doctor', URI], {
      env: storeEnvironment(store),
      during: (child) => {
        const timer = setInterval(() => {
          if (store.uploads().length === 0) return
          clearInterval(timer)
          child.kill(signal)
        }, 20)
      },
    })
    const left = [store.objects('test').length, store.uploads().length]
    await store.close()
    expect(outcome.code).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(outcome.err).toContain('interrupted')
    expect(left).toEqual([0, 0])
  })

  test('says that nothing answers, and what this machine has', async () => {
    const store = await startLocalStore({ buckets: ['test'] })
    const env = storeEnvironment(store)
    await store.close()
    const outcome = await run(['doctor', URI, '--json', '--directory', dir], { env })
    const found = new Map(outcome.events.map(({ probe, ...rest }) => [probe, rest]))
    expect(found.get('reach')).toMatchObject({ verdict: 'bad' })
    expect(String(found.get('reach')?.['meaning'])).toContain('ERR_CONNECT')
    expect(found.get('host')).toMatchObject({ verdict: 'good' })
    expect(Number(found.get('disk')?.['value'])).toBeGreaterThan(0)
    expect(await readdir(dir)).toEqual([])
    expect(outcome.code).toBe(1)
  })

  test('prints a table, settings and a verdict for people', async () => {
    const store = await startLocalStore({ buckets: ['test'], dialect: 'swift' })
    const { out, code } = await run(['doctor', URI, '--directory', join(dir, 'none')], {
      env: storeEnvironment(store),
    })
    await store.close()
    expect(code).toBe(1)
    expect(out).toMatch(/^BAD +disk +unwritable/m)
    expect(out).toMatch(/^note +delete-objects +needs-md5/m)
    expect(out).toMatch(/^ok +write +yes/m)
    expect(out).toMatch(/^Profile generic .*not in all as known:$/m)
    expect(out).toMatch(/^ {2}--no-checksums {2}Checksums are ignored here/m)
    expect(out).toMatch(/Not usable as it is: disk\.\n$/)
  })

  test.each([[['doctor']], [['doctor', 'test']], [['doctor', URI, '--provider', 'none']]])(
    'refuses %j as wrong usage',
    async (argv) => {
      expect(await run(argv)).toMatchObject({ code: 2, out: '' })
    },
  )
})
