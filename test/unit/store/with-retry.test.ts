import { describe, expect, it } from 'vitest'

import { TransferError, type ErrorCode, type ErrorContext } from '../../../src/errors.ts'
import type { ObjectStore } from '../../../src/store/object-store.ts'
import { createRetryPolicy } from '../../../src/store/retry-policy.ts'
import { withRetry } from '../../../src/store/with-retry.ts'

const OBJECT = { bucket: 'bucket', key: 'key' }
const policy = createRetryPolicy({
  maxAttempts: 4,
  retryDelayMs: 100,
  retryDelayMaxMs: 1000,
  random: () => 1,
})

/** A store whose calls fail with the errors given, one after the other, then succeed. */
function storeFailing(...failures: readonly TransferError[]) {
  const log: string[] = []
  const left = [...failures]
  const answer = async <T>(name: string, value: T): Promise<T> => {
    log.push(name)
    const failure = left.shift()
    if (failure !== undefined) throw failure
    return value
  }
  const store = {
    head: () => answer('head', { size: 1 }),
    createMultipartUpload: () => answer('create', { uploadId: 'u' }),
    completeMultipartUpload: () => answer('complete', { etag: '"e"' }),
    abortMultipartUpload: () => answer('abort', undefined),
    listParts: () => answer('list', []),
    refresh: (bucket: string, how?: { region?: string }) =>
      log.push(`refresh ${bucket} ${how?.region ?? ''}`.trim()),
    noteClockOffset: (offsetMs: number) => log.push(`clock ${offsetMs}`),
  } as unknown as ObjectStore
  const waits: number[] = []
  const sleep = async (delayMs: number): Promise<void> => {
    waits.push(delayMs)
  }
  return { store: withRetry(store, { policy, sleep }), log, waits }
}

describe('withRetry', () => {
  it('repeats reads, waiting longer each time', async () => {
    const { store, log, waits } = storeFailing(
      failure('ERR_CONNECTION_LOST'),
      failure('ERR_STORE_UNAVAILABLE', { status: 500 }),
    )
    await expect(store.head(OBJECT)).resolves.toEqual({ size: 1 })
    expect(log).toEqual(['head', 'head', 'head'])
    expect(waits).toEqual([100, 200])
  })

  it('takes a turn before each attempt, and makes none without', async () => {
    const { store: inner, log } = storeFailing()
    const turns: (AbortSignal | undefined)[] = []
    let isRefused = false
    const turn = async (signal?: AbortSignal): Promise<void> => {
      turns.push(signal)
      if (isRefused) throw failure('ERR_ABORTED')
    }
    const failing = { ...inner, head: () => Promise.reject(failure('ERR_CONNECTION_LOST')) }
    const store = withRetry(failing, {
      policy,
      turn,
      sleep: () => Promise.resolve(),
    })
    const { signal } = new AbortController()
    await expect(store.head(OBJECT, { signal })).rejects.toThrow()
    expect(turns).toEqual([signal, signal, signal, signal])
    isRefused = true
    await expect(store.createMultipartUpload(OBJECT)).rejects.toMatchObject({ code: 'ERR_ABORTED' })
    expect(log).toEqual([])
  })

  it('gives up after the last attempt, and tells how many there were', async () => {
    const lost = failure('ERR_CONNECTION_LOST')
    const { store, log } = storeFailing(lost, lost, lost, lost, lost)
    await expect(store.listParts(OBJECT, 'u')).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      context: { attempt: 4 },
    })
    expect(log).toHaveLength(4)
  })

  it('does not repeat what was refused', async () => {
    const { store, log } = storeFailing(failure('ERR_ACCESS_DENIED', { status: 403 }))
    await expect(store.head(OBJECT)).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect(log).toEqual(['head'])
  })

  it.each<[string, (store: ObjectStore) => Promise<unknown>]>([
    ['Create', (store) => store.createMultipartUpload(OBJECT)],
    ['Complete', (store) => store.completeMultipartUpload(OBJECT, 'u', [])],
  ])('repeats %s when the store said that it failed, or was never reached', async (_, run) => {
    const { store, log } = storeFailing(
      failure('ERR_THROTTLED', { status: 503 }),
      failure('ERR_CONNECT'),
    )
    await run(store)
    expect(log).toHaveLength(3)
  })

  it.each<[ErrorCode, ErrorContext]>([
    ['ERR_CONNECTION_LOST', {}],
    ['ERR_READ_TIMEOUT', {}],
    ['ERR_RESPONSE_INVALID', { status: 200 }],
  ])(
    'hands %s of Complete to its caller, who must look first, and repeats Create',
    async (code, context) => {
      const create = storeFailing(failure(code, context))
      await create.store.createMultipartUpload(OBJECT)
      expect(create.log).toEqual(['create', 'create'])
      const complete = storeFailing(failure(code, context))
      await expect(complete.store.completeMultipartUpload(OBJECT, 'u', [])).rejects.toMatchObject({
        code,
      })
      expect(complete.log).toEqual(['complete'])
    },
  )

  it('does not start a conflicting Complete again', async () => {
    const { store, log } = storeFailing(failure('ERR_CONFLICT', { status: 409 }))
    await expect(store.completeMultipartUpload(OBJECT, 'u', [])).rejects.toMatchObject({
      code: 'ERR_CONFLICT',
    })
    expect(log).toEqual(['complete'])
  })

  it('corrects clock, credentials and region, each once and without waiting', async () => {
    const { store, log, waits } = storeFailing(
      failure('ERR_CLOCK_SKEW', { clockOffsetMs: 900_000 }),
      failure('ERR_CREDENTIALS_EXPIRED'),
      failure('ERR_WRONG_REGION', { region: 'eu-west-1' }),
    )
    await store.head(OBJECT)
    expect(log).toEqual([
      'head',
      'clock 900000',
      'head',
      'refresh bucket',
      'head',
      'refresh bucket eu-west-1',
      'head',
    ])
    expect(waits).toEqual([0, 0, 0])
  })

  it('does not repeat a redirect that names no region', async () => {
    const { store, log } = storeFailing(failure('ERR_WRONG_REGION'))
    await expect(store.head(OBJECT)).rejects.toMatchObject({ code: 'ERR_WRONG_REGION' })
    expect(log).toEqual(['head'])
  })

  it('stops waiting when the signal aborts', async () => {
    const abort = new AbortController()
    const inner = { head: () => Promise.reject(failure('ERR_THROTTLED')) }
    const store = withRetry(inner as unknown as ObjectStore, {
      policy: { delayMs: () => 60_000 },
      onRetry: () => abort.abort('enough'),
    })
    await expect(store.head(OBJECT, { signal: abort.signal })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: 'enough',
    })
  })

  it('reports each retry', async () => {
    const seen: string[] = []
    const inner = { head: () => Promise.reject(failure('ERR_READ_TIMEOUT')) }
    const store = withRetry(inner as unknown as ObjectStore, {
      policy,
      sleep: () => Promise.resolve(),
      onRetry: (error, delayMs) => seen.push(`${error.code} ${error.context.attempt} ${delayMs}`),
    })
    await expect(store.head(OBJECT)).rejects.toMatchObject({ code: 'ERR_READ_TIMEOUT' })
    expect(seen).toEqual([
      'ERR_READ_TIMEOUT 1 100',
      'ERR_READ_TIMEOUT 2 200',
      'ERR_READ_TIMEOUT 3 400',
    ])
  })
})

function failure(code: ErrorCode, context: ErrorContext = {}): TransferError {
  return new TransferError(code, 'test', context)
}
