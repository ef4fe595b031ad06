import { afterEach, describe, expect, it, vi } from 'vitest'
import { planUpload } from '../../../src/plan/upload-plan.ts'
import {
  deleteEach,
  isDeleteObjectsMissing,
  withSingleRemovals,
} from '../../../src/store/delete-each.ts'
import { findProfile } from '../../../src/store/find-profile.ts'
import type { ObjectStore } from '../../../src/store/object-store.ts'
import { PROFILES, PROVIDER_NAMES } from '../../../src/store/profiles.ts'
import { createS3Store } from '../../../src/store/s3-store.ts'
import { TransferError } from '../../../src/errors.ts'

const GIVEN = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  connectTimeoutMs: 1000,
  readTimeoutMs: 1000,
}

describe('findProfile', () => {
  it.each([
    [undefined, 'aws'],
    ['s3.eu-west-1.amazonaws.com', 'aws'],
    ['s3.cn-north-1.amazonaws.com.cn', 'aws'],
    ['abc.r2.cloudflarestorage.com', 'r2'],
    ['abc.eu.r2.cloudflarestorage.com', 'r2'],
    ['storage.googleapis.com', 'gcs'],
    ['S3.us-west-004.backblazeb2.com', 'b2'],
    ['s3.eu-central-1.wasabisys.com', 'wasabi'],
    ['gateway.storjshare.io', 'storj'],
    ['s3.fr-par.scw.cloud', 'scaleway'],
    ['ns.compat.objectstorage.eu-frankfurt-1.oraclecloud.com', 'oci'],
    ['s3.gra.io.cloud.ovh.net', 'ovh'],
    ['r2.cloudflarestorage.com.example.org', 'generic'],
    ['notamazonaws.com', 'generic'],
    ['127.0.0.1', 'generic'],
  ])('takes %s for %s', (hostname, name) => {
    expect(findProfile(undefined, hostname).name).toBe(name)
  })

  it('believes who names it before the host', () => {
    expect(findProfile('garage', 'storage.googleapis.com').name).toBe('garage')
  })

  it.each(PROVIDER_NAMES)('%s says what it rests on and has bounds that can be kept', (name) => {
    const { limits, sources, keysPerDelete, habits } = PROFILES[name]
    expect(PROFILES[name].name).toBe(name)
    expect(sources.join('').length).toBeGreaterThan(10)
    expect(keysPerDelete === 1).toBe(habits.missing.includes('DeleteObjects'))
    const plan = planUpload({ size: limits.objectSizeMax - 1, limits })
    expect(plan).toMatchObject({ kind: 'multipart' })
  })
})

describe('a profile', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('keeps the number of parts', () => {
    const { limits } = PROFILES.scaleway
    const plan = planUpload({ size: 20_000 * 1024 * 1024, limits })
    expect(plan).toMatchObject({ partSize: 20 * 1024 * 1024, parts: 1000 })
  })

  it.each([
    // The second kind of identity needs the SDK, which must come to the same.
    ['without the SDK', GIVEN.credentials],
    ['with the SDK', () => Promise.resolve(GIVEN.credentials)],
  ])('decides checksums, signatures and addressing, %s', async (_, credentials) => {
    vi.stubEnv('AWS_REQUEST_CHECKSUM_CALCULATION', undefined)
    const endpoint = 'https://s3.gra.io.cloud.ovh.net'
    const open = (more: object) => createS3Store({ ...GIVEN, credentials, endpoint, ...more })
    const refusing = open({})
    expect(await refusing.settings()).toMatchObject({
      requestChecksumCalculation: 'WHEN_REQUIRED',
      profile: { name: 'ovh' },
    })
    expect(await refusing.route('bkt')).toMatchObject({
      signPayload: true,
      origin: 'https://bkt.s3.gra.io.cloud.ovh.net',
    })
    const named = open({ provider: 'garage' })
    expect(await named.settings()).toMatchObject({ requestChecksumCalculation: 'WHEN_SUPPORTED' })
    expect(await named.route('bkt')).toMatchObject({ signPayload: false, basePath: '/bkt' })
    const told = open({ requestChecksumCalculation: 'WHEN_SUPPORTED', forcePathStyle: true })
    expect(await told.settings()).toMatchObject({ requestChecksumCalculation: 'WHEN_SUPPORTED' })
    expect(await told.route('bkt')).toMatchObject({ signPayload: false, basePath: '/bkt' })
    for (const store of [refusing, named, told]) store.close()
  })

  it('gives way to the environment', async () => {
    vi.stubEnv('AWS_REQUEST_CHECKSUM_CALCULATION', 'WHEN_SUPPORTED')
    const store = createS3Store({ ...GIVEN, endpoint: 'https://s3.x.backblazeb2.com' })
    expect(await store.settings()).toMatchObject({
      requestChecksumCalculation: 'WHEN_SUPPORTED',
      profile: { name: 'b2' },
    })
    store.close()
  })
})

describe('withSingleRemovals', () => {
  /** A store that takes so many keys at once, and says what it was asked for. */
  function storeOf(keysPerDelete: number, refusal?: TransferError) {
    const asked: string[] = []
    const store = {
      settings: async () => ({ profile: { ...PROFILES.generic, keysPerDelete } }),
      deleteObjects: async (_: string, keys: readonly string[]) => {
        asked.push(keys.join('+'))
        if (refusal !== undefined) throw refusal
        return new Map([[keys[0], new TransferError('ERR_ACCESS_DENIED', 'No.')]])
      },
      deleteObject: async ({ key }: { readonly key: string }) => void asked.push(key),
    } as unknown as ObjectStore
    return { store: withSingleRemovals(store), asked }
  }

  it('asks for no more at once than the store takes', async () => {
    const { store, asked } = storeOf(2)
    const failures = await store.deleteObjects('bucket', ['a', 'b', 'c'])
    expect(asked).toEqual(['a+b', 'c'])
    expect([...failures.keys()]).toEqual(['a', 'c'])
  })

  it('asks one by one where that is known, or has been found out', async () => {
    const known = storeOf(1)
    await known.store.deleteObjects('bucket', ['a', 'b'])
    expect(known.asked).toEqual(['a', 'b'])
    const missing = new TransferError('ERR_NOT_SUPPORTED', 'No.', { status: 501 })
    const found = storeOf(1000, missing)
    for (const key of ['a', 'b']) await found.store.deleteObjects('bucket', [key, 'z'])
    expect(found.asked).toEqual(['a+z', 'a', 'z', 'b', 'z'])
  })

  it('does not go on after any other refusal', async () => {
    const { store, asked } = storeOf(1000, new TransferError('ERR_ACCESS_DENIED', 'No.'))
    const removal = store.deleteObjects('bucket', ['a'])
    await expect(removal).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect(asked).toEqual(['a'])
  })
})

describe('deleteEach', () => {
  const keys = Array.from({ length: 100 }, (_, index) => `k${index}`)

  it('removes every key once, some at a time, and tells which failed', async () => {
    const seen: string[] = []
    let now = 0
    let most = 0
    const failures = await deleteEach(keys, async (key) => {
      seen.push(key)
      most = Math.max(most, (now += 1))
      await Promise.resolve()
      now -= 1
      if (key === 'k7') throw new TransferError('ERR_ACCESS_DENIED', 'No.')
    })
    expect(seen.toSorted()).toEqual(keys.toSorted())
    expect(most).toBe(8)
    expect([...failures].map(([key, { code }]) => [key, code])).toEqual([
      ['k7', 'ERR_ACCESS_DENIED'],
    ])
  })

  it('ends with an abort, and asks for nothing more', async () => {
    let asked = 0
    const removal = deleteEach(keys, async () => {
      asked += 1
      throw new TransferError('ERR_ABORTED', 'Aborted.')
    })
    await expect(removal).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(asked).toBeLessThanOrEqual(8)
  })

  it.each([
    [new TransferError('ERR_NOT_SUPPORTED', 'No.', { status: 501 }), true],
    [new TransferError('ERR_REQUEST_REFUSED', 'Missing: Content-MD5', { status: 400 }), true],
    [new TransferError('ERR_REQUEST_REFUSED', 'Unsupported checksum', { status: 400 }), true],
    [new TransferError('ERR_REQUEST_REFUSED', 'Malformed', { status: 400 }), false],
    [new TransferError('ERR_NOT_SUPPORTED', 'Not reached.'), false],
    [new TransferError('ERR_ACCESS_DENIED', 'No.', { status: 403 }), false],
    [new Error('other'), false],
  ])('%s says that the call is missing: %s', (error, isMissing) => {
    expect(isDeleteObjectsMissing(error)).toBe(isMissing)
  })
})
