import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { TransferEngine } from 'transfer-engine'
import { startLocalStore } from 'transfer-engine/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { failureOf, until } from '../helpers/failure.ts'
import { BUCKET, engineOptions, MiB, sharedBed, type Bed } from '../helpers/test-bed.ts'
import { run, storeEnvironment, type Outcome } from './cli-command.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const ALL = `s3://${BUCKET}`

/** Opens uploads as another tool does. */
async function openTheirs({ sdk }: Pick<Bed, 'sdk'>, keys: readonly string[]): Promise<void> {
  const open = (Key: string) => sdk.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }))
  for (let n = 0; n < keys.length; n += 20) await Promise.all(keys.slice(n, n + 20).map(open))
}

/** A process that dies in the middle of an upload, its last sign of life long ago. */
async function leaveOurs({ store, stateDir }: Bed, key: string): Promise<void> {
  const before = await readdir(join(stateDir, 'uploads')).catch((): string[] => [])
  const result = await runScript(
    `import { readdirSync } from 'node:fs'
     const engine = new TransferEngine(options)
     const count = () => readdirSync(options.stateDir + '/uploads').length
     engine.on('part', () => count() > ${before.length} && process.kill(process.pid, 'SIGKILL'))
     await engine.upload(Buffer.alloc(${11 * MiB}), argument)`,
    { engine: engineOptions(store, { stateDir }), argument: `${ALL}/${key}` },
  )
  expect(result.signal).toBe('SIGKILL')
  const after = await readdir(join(stateDir, 'uploads'))
  const [name = 'no record'] = after.filter((each) => !before.includes(each))
  const dead = new Date(Date.now() - DAY)
  await utimes(join(stateDir, 'uploads', name), dead, dead)
}

function keysOf({ store }: Pick<Bed, 'store'>): string[] {
  return store.uploads().map(({ key }) => key)
}

describe('uploads that were left behind', () => {
  const bed = sharedBed()
  afterEach(async () => {
    bed().store.reset()
    await bed().engine.cleanup(ALL, { any: true, olderThanMs: 0 })
  })

  test('are ours if a process of this user noted them and died; the others stay', async () => {
    const { engine } = bed()
    await leaveOurs(bed(), 'a/ours')
    await leaveOurs(bed(), 'b/ours')
    await openTheirs(bed(), ['a/theirs'])
    const { uploads } = await engine.cleanup(`${ALL}/a/`, { olderThanMs: 0 })
    expect(uploads).toMatchObject([{ key: 'a/ours', isOurs: true, outcome: 'aborted' }])
    expect(uploads[0]?.stored?.parts).toBeGreaterThan(0)
    expect(keysOf(bed()).toSorted()).toEqual(['a/theirs', 'b/ours'])
  })

  test('are not those that somebody is working on', async () => {
    const { engine, store, file } = bed()
    const other = bed().another({})
    store.faults.add({ match: { operation: 'UploadPart' }, fault: { kind: 'delay', ms: 1000 } })
    const path = await file('large', Buffer.alloc(11 * MiB))
    const transfer = other.upload(path, `${ALL}/busy`)
    await until(() => store.uploads().length === 1, 'it is open')
    // The record appears beside the transfer.
    await until(() => store.requests.entries({ operation: 'UploadPart' }).length > 0, 'parts go')
    for (const any of [false, true]) {
      const { uploads, kept } = await engine.cleanup(ALL, { any, olderThanMs: 0 })
      expect([uploads, kept.held]).toEqual([[], 1])
    }
    await transfer
  })

  test('are young, or old enough', async () => {
    const { engine, store } = bed()
    await openTheirs(bed(), ['a/now'])
    // As far back as clocks may be apart.
    store.shiftClock(-10 * MINUTE)
    await openTheirs(bed(), ['a/before'])
    store.shiftClock(0)
    const { uploads, kept } = await engine.cleanup(ALL, { any: true, olderThanMs: 5 * MINUTE })
    expect(uploads).toMatchObject([{ key: 'a/before', isOurs: false, outcome: 'aborted' }])
    expect(uploads[0]?.idleMs).toBeGreaterThan(9 * MINUTE)
    expect(kept).toEqual({ recent: 1, held: 0 })
    expect(keysOf(bed())).toEqual(['a/now'])
  })

  test('are found beyond a page of the listing, and below the prefix only', async () => {
    const store = await startLocalStore({ buckets: [BUCKET] })
    const engine = new TransferEngine(engineOptions(store, { stateDir: bed().stateDir }))
    const sdk = sdkClient(store)
    try {
      const young = Array.from({ length: 1010 }, (_, n) => `p/${n}`)
      await openTheirs({ sdk }, young)
      store.shiftClock(-10 * MINUTE)
      await openTheirs({ sdk }, ['p/z', 'q/1'])
      store.shiftClock(0)
      const options = { any: true, olderThanMs: 5 * MINUTE }
      const { uploads, kept } = await engine.cleanup(`${ALL}/p/`, options)
      expect(uploads.map(({ key }) => key)).toEqual(['p/z'])
      expect(kept.recent).toBe(1010)
      expect(store.requests.entries({ operation: 'ListMultipartUploads' })).toHaveLength(2)
      expect(keysOf({ store })).toHaveLength(1011)
    } finally {
      sdk.destroy()
      await engine.close()
      await store.close()
    }
  })

  test('that may not be aborted are named, and the rest is done', async () => {
    const { engine, store } = bed()
    await openTheirs(bed(), ['a/1', 'a/2', 'a/3'])
    store.faults.add({
      match: { operation: 'AbortMultipartUpload', key: 'a/2' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const { uploads } = await engine.cleanup(ALL, { any: true, olderThanMs: 0 })
    const ends = uploads.map(({ key, outcome, error }) => `${key} ${outcome} ${error?.code ?? ''}`)
    expect(ends.toSorted()).toEqual([
      'a/1 aborted ',
      'a/2 failed ERR_ACCESS_DENIED',
      'a/3 aborted ',
    ])
    expect(keysOf(bed())).toEqual(['a/2'])
  })

  test('are not swept by an engine that is closed, and one that closes waits for its sweep', async () => {
    const engine = bed().another({})
    await openTheirs(bed(), ['a/1', 'a/2'])
    const sweep = engine.cleanup(ALL, { any: true, olderThanMs: 0 })
    await engine.close()
    expect((await sweep).uploads).toHaveLength(2)
    expect((await failureOf(engine.cleanup(ALL))).code).toBe('ERR_CLOSED')
  })
})

describe('transfer-engine cleanup', () => {
  const bed = sharedBed()
  afterEach(async () => {
    bed().store.reset()
    await bed().engine.cleanup(ALL, { any: true, olderThanMs: 0 })
  })

  const cleanup = (...argv: readonly string[]): Promise<Outcome> =>
    run(['cleanup', ...argv, '--state-dir', bed().stateDir], {
      env: storeEnvironment(bed().store),
    })

  test('shows what it would do, and does it with --yes', async () => {
    await leaveOurs(bed(), 'a/ours')
    await openTheirs(bed(), ['a/theirs'])
    const trial = await cleanup(`${ALL}/a/`, '--older-than', '0s')
    expect(trial).toMatchObject({ code: 0, err: '1 would be aborted; --yes aborts them\n' })
    expect(trial.out).toMatch(/^would abort s3:\/\/test-bucket\/a\/ours \(idle .* parts\) \S+\n$/)
    const dry = await cleanup(`${ALL}/a/`, '--older-than', '0s', '--yes', '--dry-run', '--quiet')
    expect(dry).toMatchObject({ code: 0, out: '', err: '' })
    expect(keysOf(bed()).toSorted()).toEqual(['a/ours', 'a/theirs'])
    const done = await cleanup(`${ALL}/a/`, '--older-than', '0s', '--yes')
    expect(done).toMatchObject({ code: 0, err: '1 aborted\n' })
    expect(done.out).toMatch(/^aborted s3:\/\/test-bucket\/a\/ours /)
    expect(keysOf(bed())).toEqual(['a/theirs'])
  })

  test('ends with 1, and a name, when something could not be removed', async () => {
    const { store } = bed()
    await openTheirs(bed(), ['a/1'])
    store.faults.add({
      match: { operation: 'AbortMultipartUpload' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const failed = await cleanup(ALL, '--any', '--older-than', '0s', '--yes')
    expect(failed.code).toBe(1)
    expect(failed.out).toMatch(/^failed s3:\/\/test-bucket\/a\/1 /)
    expect(failed.err).toContain('ERR_ACCESS_DENIED')
    expect(failed.err).toContain('0 aborted, 1 could not be removed')
    const events = await cleanup(ALL, '--any', '--older-than', '0s', '--yes', '--json')
    expect(events.events).toMatchObject([
      { event: 'upload', key: 'a/1', outcome: 'failed', error: { code: 'ERR_ACCESS_DENIED' } },
      { event: 'result', aborted: 0, failed: 1 },
    ])
  })

  test.each([
    ['no prefix', []],
    ['a path', ['./data']],
    ['an age without meaning', [ALL, '--older-than', 'yesterday']],
    ['a flag of copies', [ALL, '--part-size', '8MiB']],
  ])('refuses %s with 2', async (_, argv) => {
    expect((await cleanup(...argv)).code).toBe(2)
  })

  test('ends with 1 when the bucket cannot be listed', async () => {
    const outcome = await cleanup('s3://no-such-bucket', '--any')
    expect(outcome).toMatchObject({ code: 1, out: '' })
    expect(outcome.err).toContain('ERR_BUCKET_NOT_FOUND')
  })
})
