import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fromWire } from '../../../src/errors.ts'
import { resolveNetwork, unpack } from '../../../src/network/settings.ts'
import { resolveOptions, type EngineOptions } from '../../../src/options.ts'
import { lostWorker } from '../../../src/pool/lost-worker.ts'
import type { WorkerConfig } from '../../../src/pool/protocol.ts'
import { SharedState } from '../../../src/pool/shared-state.ts'
import { workerConfig } from '../../../src/pool/worker-config.ts'
import { workerUrl } from '../../../src/pool/worker-url.ts'
import { selfSigned } from '../../helpers/self-signed.ts'

const shared = new SharedState(1)

function configOf(options: EngineOptions = {}): WorkerConfig {
  const resolved = resolveOptions(options)
  return workerConfig(resolved, resolveNetwork(resolved.target, {}), shared)
}

describe('what a worker is started with', () => {
  it.each([
    [1, 64, 64],
    [3, 64, 21],
    [4, 4, 1],
    [0, 64, 64],
  ])('%i workers share %i connections: %i each', (workers, maxConnections, each) => {
    const config = configOf({ workers, maxConnections })
    expect(config.maxConnections).toBe(each)
  })

  it('holds no credentials and can be posted', () => {
    const credentials = { accessKeyId: 'EXAMPLEKEYID', secretAccessKey: 'canary-key' }
    const proxy = 'http://user:canary-password@proxy.example.com:3128'
    const { cert, key } = selfSigned()
    const tlsCert = `${key}${cert}`
    const options = { credentials, proxy, tlsVerify: false, tlsCert, tlsKey: key }
    const config = configOf(options)
    for (const dump of [JSON.stringify(config), inspect(config, { depth: 9 })]) {
      expect(dump).not.toContain('canary')
      expect(dump).not.toContain('PRIVATE KEY')
      expect(dump).not.toContain(Buffer.from('user:canary-password').toString('base64'))
    }
    const posted = structuredClone(config)
    expect(posted.tls).toEqual({
      ca: undefined,
      cert,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    })
    expect(posted.secrets && unpack(posted.secrets), 'only whoever unpacks them has them').toEqual({
      key,
      proxyAuthorization: {
        http: `Basic ${btoa('user:canary-password')}`,
        https: `Basic ${btoa('user:canary-password')}`,
      },
    })
    expect(configOf().channel, 'each engine has a channel of its own').not.toBe(config.channel)
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
