import { TransferEngine } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineOptions } from '../helpers/test-bed.ts'
import { run, storeEnvironment, type Outcome, type RunOptions } from './cli-command.ts'

describe('transfer-engine ls', () => {
  let store: LocalStore
  const ls = (argv: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    run(['ls', ...argv], {
      ...options,
      env: { TZ: 'UTC', ...storeEnvironment(store), ...options.env },
    })
  const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`

  beforeAll(async () => {
    store = await startLocalStore({ buckets: ['test', 'empty'] })
    const engine = new TransferEngine(engineOptions(store))
    const put = (key: string, size: number) =>
      engine.upload(Buffer.alloc(size), { bucket: 'test', key })
    const many = Array.from(
      { length: 2500 },
      (_, index) => `many/${String(index).padStart(5, '0')}`,
    )
    await Promise.all([
      put('a/b.bin', 2_000_000),
      put('a/c/d.txt', 10),
      put('a/\u001B[2Jevil\nname', 5),
      ...many.map((key) => put(key, 1)),
    ])
    await engine.close()
  }, 60_000)
  afterAll(async () => {
    await store.close()
  })

  test('shows a level as the AWS CLI does, and nothing a terminal would act on', async () => {
    const { code, out, err } = await ls(['s3://test/a/'])
    expect(err).toBe('')
    expect(code).toBe(0)
    const lines = [
      `${TIME}          5 \\\\u001b\\[2Jevil\\\\nname`,
      `${TIME}    2000000 b\\.bin`,
      `                           PRE c/`,
    ]
    expect(out).toMatch(new RegExp(`^${lines.join('\n')}\n$`))
  })

  test('shows whole keys, sizes for people and a sum', async () => {
    const { code, out } = await ls([
      's3://test/a/',
      '--recursive',
      '--human-readable',
      '--summarize',
    ])
    expect(code).toBe(0)
    const lines = out.split('\n')
    expect(lines[1]).toMatch(new RegExp(`^${TIME}   1\\.91 MiB a/b\\.bin$`))
    expect(lines[2]).toMatch(new RegExp(`^${TIME}       10 B a/c/d\\.txt$`))
    expect(lines.slice(3)).toEqual(['', 'Total Objects: 3', '   Total Size: 1.91 MiB', ''])
  })

  test('tells programs with one event per line', async () => {
    const { code, events, out } = await ls(['s3://test/a/', '--json'])
    expect(code).toBe(0)
    expect(events).toMatchObject([
      {
        event: 'object',
        bucket: 'test',
        key: 'a/\u001B[2Jevil\nname',
        size: 5,
        storageClass: 'STANDARD',
      },
      { event: 'object', key: 'a/b.bin', lastModified: expect.stringMatching(/Z$/) as string },
      { event: 'prefix', prefix: 'a/c/' },
      { event: 'result', objects: 2, bytes: 2_000_005, prefixes: 1 },
    ])
    expect(out).not.toContain('\u001B')
  })

  test('lists many to the end', async () => {
    const { out } = await ls(['s3://test/many/', '--recursive'])
    expect(out.trimEnd().split('\n')).toHaveLength(2500)
  })

  test('is quiet about a reader that has seen enough', async () => {
    const { code, err } = await ls(['s3://test', '--recursive'], {
      during: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
    })
    expect(err).toBe('')
    expect([0, 141]).toContain(code)
  })

  test('says with its exit code whether anything has that prefix', async () => {
    expect(await ls(['s3://empty'])).toMatchObject({ code: 0, out: '', err: '' })
    expect(await ls(['s3://test/none'])).toMatchObject({ code: 1, out: '' })
    expect(await ls(['s3://no-such-bucket'])).toMatchObject({ code: 1, out: '' })
  })

  test('stops at Ctrl-C', async () => {
    const fault = { kind: 'delay', ms: 20_000 } as const
    store.faults.add({ match: { operation: 'ListObjectsV2' }, fault, skip: 1 })
    const { code, err } = await ls(['s3://test/many/', '--recursive'], {
      during: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
    })
    store.faults.clear()
    expect(code).toBe(130)
    expect(err).toContain('not complete')
  })

  test.each([
    [[], 'A bucket is missing'],
    [['dir/'], 's3://'],
    [['s3://test', '--recursiv'], '--recursive'],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await ls(argv)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})
