import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fromWire } from '../../../src/errors.ts'
import { resolveOptions } from '../../../src/options.ts'
import { lostWorker } from '../../../src/pool/lost-worker.ts'
import { SharedState } from '../../../src/pool/shared-state.ts'
import { workerConfig } from '../../../src/pool/worker-config.ts'
import { workerUrl } from '../../../src/pool/worker-url.ts'

const shared = new SharedState(1)

describe('what a worker is started with', () => {
  it.each([
    [1, 64, 64],
    [3, 64, 21],
    [4, 4, 1],
    [0, 64, 64],
  ])('%i workers share %i connections: %i each', (workers, maxConnections, each) => {
    const config = workerConfig(resolveOptions({ workers, maxConnections }), shared)
    expect(config.maxConnections).toBe(each)
  })

  it('holds no credentials and can be posted', () => {
    const credentials = { accessKeyId: 'EXAMPLEKEYID', secretAccessKey: 'not-a-real-secret' }
    const config = workerConfig(resolveOptions({ credentials, tlsVerify: false }), shared)
    expect(JSON.stringify(config)).not.toContain('secret')
    expect(structuredClone(config).tls).toEqual({ ca: undefined, rejectUnauthorized: false })
    const other = workerConfig(resolveOptions(), shared)
    expect(other.channel, 'each engine has a channel of its own').not.toBe(config.channel)
  })

  it.each(['part', 'part-runner'] as const)('is the file %s, which is there', (name) => {
    expect(existsSync(fileURLToPath(workerUrl(name)))).toBe(true)
  })
})

describe('the answer for a thread that died', () => {
  it.each([
    [new Error('out of memory'), 'out of memory'],
    ['exit code 1', 'exit code 1'],
  ])('can be repeated: %s', (cause, reason) => {
    const lost = lostWorker(cause)
    expect(lost).toMatchObject({ ok: false, received: 0 })
    const error = fromWire(structuredClone(lost).error)
    expect(error).toMatchObject({ code: 'ERR_WORKER_LOST', retryable: true })
    expect(error.message).toContain(reason)
  })
})
