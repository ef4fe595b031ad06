import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalStore } from 'transfer-engine/testing'
import { describe, expect, it } from 'vitest'
import { selfSigned } from '../helpers/self-signed.ts'
import { differenceOf } from '../helpers/test-bytes.ts'
import { storeEnvironment } from './cli-command.ts'
import { big, small, useCopyBed } from './cli-fixture.ts'

const bed = useCopyBed()
const { cp, stored } = bed
const read = (name: string): Promise<Buffer> => readFile(join(bed.dir, name))

describe('cp with files', () => {
  it('copies a file up and down bit for bit, and says so in one line each', async () => {
    const up = await cp(['big.bin', 's3://test/p/'])
    expect(up).toMatchObject({ code: 0, out: '' })
    expect(up.err).toMatch(
      /^uploaded big\.bin to s3:\/\/test\/p\/big\.bin: 20\.0 MiB in .*, 3 parts, CRC32 verified\n$/,
    )
    const object = stored('p/big.bin')
    expect(object?.parts).toBe(3)
    expect(differenceOf(object?.bytes() ?? Buffer.alloc(0), big)).toBeUndefined()

    const down = await cp(['s3://test/p/big.bin', 'copy.bin'])
    expect(down).toMatchObject({ code: 0, out: '' })
    expect(down.err).toMatch(/^downloaded s3:\/\/test\/p\/big\.bin to copy\.bin: .* verified\n$/)
    expect(differenceOf(await read('copy.bin'), big)).toBeUndefined()
  })

  it('puts an object into a directory under its own name', async () => {
    await mkdir(join(bed.dir, 'into'))
    await cp(['small.txt', 's3://test/deep/er/name.txt', '--quiet'])
    expect(await cp(['s3://test/deep/er/name.txt', 'into', '--quiet'])).toMatchObject({ code: 0 })
    expect(differenceOf(await read('into/name.txt'), small)).toBeUndefined()
  })

  it('replaces a file, and leaves it as it was when the object is missing', async () => {
    await writeFile(join(bed.dir, 'old.txt'), 'old')
    expect(await cp(['s3://test/none', 'old.txt'])).toMatchObject({ code: 1 })
    expect((await read('old.txt')).toString()).toBe('old')
  })

  it('hands on what is said about the object', async () => {
    const attributes = ['--metadata', 'a=1,b=two words', '--metadata', 'c=3', '--tags', 'team=x']
    const types = ['--content-type', 'text/x-test', '--cache-control', 'max-age=60']
    const argv = ['small.txt', 's3://test/attributes', ...attributes, ...types]
    expect(await cp([...argv, '--checksum-algorithm', 'sha256'])).toMatchObject({ code: 0 })
    expect(stored('attributes')).toMatchObject({
      metadata: { a: '1', b: 'two words', c: '3' },
      checksum: { algorithm: 'SHA256' },
    })
    const again = await cp(['small.txt', 's3://test/attributes', '--if-none-match', '*'])
    expect(again.code).toBe(1)
    expect(again.err).toMatch(/^transfer-engine: ERR_PRECONDITION_FAILED /)
  })

  it('takes the tuning flags', async () => {
    const tuning = ['--part-size', '5MiB', '--multipart-threshold', '5MiB', '--workers', '0']
    expect(await cp(['big.bin', 's3://test/tuned', '--quiet', ...tuning])).toMatchObject({
      code: 0,
      err: '',
    })
    expect(stored('tuned')?.parts).toBe(5)
  })

  it('does nothing in a dry run but say what it would do', async () => {
    const before = bed.store.requests.entries().length
    const up = await cp(['small.txt', 's3://test/dry/', '--dryrun'])
    expect(up).toMatchObject({
      code: 0,
      err: '',
      out: '(dry run) upload small.txt (1000 B) to s3://test/dry/small.txt\n',
    })
    const down = await cp(['s3://test/any', 'into', '--dry-run'])
    expect(down.out).toBe('(dry run) download s3://test/any to into/any\n')
    expect(await cp(['none', 's3://test/', '--dry-run'])).toMatchObject({ code: 1, out: '' })
    expect(bed.store.requests.entries()).toHaveLength(before)
  })
})

describe('cp over TLS', () => {
  it('trusts a certificate given by flag or AWS_CA_BUNDLE, or any if told so', async () => {
    const tls = selfSigned()
    await writeFile(join(bed.dir, 'ca.pem'), tls.cert)
    await using secure = await startLocalStore({ buckets: ['test'], tls })
    const env = storeEnvironment(secure)
    const argv = ['small.txt', 's3://test/secure']
    const refused = await cp(argv, { env })
    expect(refused.code).toBe(1)
    expect(refused.err).toMatch(/^transfer-engine: ERR_TLS /)
    expect(secure.objects('test')).toEqual([])

    const given = await cp([...argv, '--ca-bundle', 'ca.pem', '--quiet'], { env })
    expect(given).toMatchObject({ code: 0, err: '' })
    const fromEnv = await cp([...argv, '--quiet'], { env: { ...env, AWS_CA_BUNDLE: 'ca.pem' } })
    expect(fromEnv).toMatchObject({ code: 0, err: '' })
    const unchecked = await cp([...argv, '--no-verify-ssl', '--quiet'], { env })
    expect(unchecked.code).toBe(0)
    expect(unchecked.err).toMatch(/^transfer-engine: warning: Certificates are not checked.*\n$/)
  })
})

describe('cp in JSON', () => {
  it('is one event per line, from start to a result of stable shape', async () => {
    const { code, err, events } = await cp(['big.bin', 's3://test/json', '--json'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(events[0]).toMatchObject({
      event: 'start',
      kind: 'upload',
      bucket: 'test',
      key: 'json',
      path: 'big.bin',
      size: big.length,
      parts: 3,
    })
    const parts = events.filter(({ event }) => event === 'part')
    expect(new Set(parts.map((part) => part['partNumber']))).toEqual(new Set([1, 2, 3]))
    expect(events.findLast(({ event }) => event === 'progress')).toMatchObject({
      transferred: big.length,
      total: big.length,
    })
    const result = events.at(-1)
    expect(result).toMatchObject({ event: 'result', size: big.length, verified: 'checksum' })
    expect(Object.keys(result ?? {})).toEqual([
      'event',
      'time',
      'kind',
      'source',
      'target',
      'size',
      'parts',
      'attempts',
      'elapsedMs',
      'etag',
      'versionId',
      'checksum',
      'verified',
      'resumed',
      'keptBytes',
      'moved',
      'how',
      'relayReason',
      'connections',
    ])
  })

  it('tells a retry and a failure', async () => {
    const fault = { kind: 'answer', status: 503, code: 'SlowDown' } as const
    bed.store.faults.add({ match: { operation: 'PutObject' }, fault, times: 1 })
    const retried = await cp(['small.txt', 's3://test/retry', '--json'])
    expect(retried.events.find(({ event }) => event === 'retry')).toMatchObject({
      error: { code: 'ERR_THROTTLED' },
    })
    const failed = await cp(['s3://test/none', 'none.txt', '--json'])
    expect(failed.code).toBe(1)
    expect(failed.events.at(-1)).toMatchObject({
      event: 'error',
      code: 'ERR_OBJECT_NOT_FOUND',
      retryable: false,
      context: { bucket: 'test', key: 'none' },
    })
    expect(failed.err).toMatch(/^transfer-engine: ERR_OBJECT_NOT_FOUND /)
  })
})
