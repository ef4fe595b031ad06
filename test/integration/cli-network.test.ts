/** `transfer-engine cp` on its way to the store: certificates and proxies as flags and variables. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { startConnectProxy } from '../helpers/connect-proxy.ts'
import { certificateAuthority } from '../helpers/self-signed.ts'
import { startWireTap } from '../helpers/wire-tap.ts'
import { useCopyBed } from './cli-fixture.ts'

const { ca, server, client } = certificateAuthority()
const bed = useCopyBed()

beforeAll(async () => {
  await writeFile(join(bed.dir, 'ca.pem'), ca)
  await writeFile(join(bed.dir, 'client.pem'), client.cert)
  await writeFile(join(bed.dir, 'client.key'), client.key)
  await writeFile(join(bed.dir, 'other.key'), server.key)
})

describe('a client certificate', () => {
  const files = ['--client-cert', 'client.pem', '--client-key', 'client.key']

  it('is shown to a store that asks for one', async () => {
    const secure = { ...server, ca, requestCert: true, rejectUnauthorized: true }
    await using front = await startWireTap(bed.store.port, { secure })
    const flags = ['--endpoint-url', front.endpoint, '--ca-bundle', 'ca.pem', '--quiet']
    const newest = ['--tls-min-version', 'tlsv1.3']
    const argv = ['small.txt', 's3://test/with-certificate', ...flags, ...newest]
    expect(await bed.cp([...argv, ...files])).toMatchObject({ code: 0, err: '' })
    expect(bed.stored('with-certificate')).toBeDefined()
    const without = await bed.cp(argv)
    expect(without).toMatchObject({ code: 1, err: expect.stringContaining('ERR_TLS') })
    expect(without.err).toContain('--client-cert')
  })

  it.each([
    ['without its key', ['--client-cert', 'client.pem'], 'tlsKey'],
    ['with another key', ['--client-cert', 'client.pem', '--client-key', 'other.key'], 'tlsKey'],
    ['whose file is missing', ['--client-cert', 'none', '--client-key', 'client.key'], 'none'],
    ['that is the key', ['--client-cert', 'client.key'], 'no PEM certificate'],
    ['whose key is none', ['--client-key', 'client.pem'], 'no PEM private key'],
  ])('%s is a wrong usage', async (_, flags, says) => {
    const result = await bed.cp(['small.txt', 's3://test/none', ...flags])
    expect(result.code).toBe(2)
    expect(result.err).toContain(says)
    expect(result.err).not.toContain('PRIVATE KEY')
    expect(bed.stored('none')).toBeUndefined()
  })
})

describe('a proxy', () => {
  it('is taken from --proxy, or from the variables of the environment', async () => {
    await using proxy = await startConnectProxy({ credentials: 'user:canary' })
    const url = proxy.url.replace('://', '://user:canary@')
    const argv = ['small.txt', 's3://test/through', '--quiet']
    expect(await bed.cp([...argv, '--proxy', url])).toMatchObject({ code: 0, err: '' })
    expect(proxy.requests).toHaveLength(1)
    expect(await bed.cp(argv, { env: { HTTP_PROXY: url } })).toMatchObject({ code: 0, err: '' })
    expect(proxy.requests).toHaveLength(2)
    const env = { HTTP_PROXY: url, NO_PROXY: '127.0.0.1' }
    expect(await bed.cp(argv, { env })).toMatchObject({ code: 0, err: '' })
    expect(await bed.cp([...argv, '--proxy', 'none'], { env: { HTTP_PROXY: url } })).toMatchObject({
      code: 0,
      err: '',
    })
    expect(proxy.requests).toHaveLength(2)
  })

  it('that refuses is named in the error, without its password', async () => {
    await using proxy = await startConnectProxy({ credentials: 'user:other' })
    const env = { HTTP_PROXY: proxy.url.replace('://', '://user:canary@') }
    const result = await bed.cp(['small.txt', 's3://test/none', '--debug'], { env })
    expect(result.code).toBe(1)
    expect(result.err).toContain('ERR_PROXY')
    expect(result.err).not.toContain('canary')
    expect(result.err).not.toContain(Buffer.from('user:canary').toString('base64'))
  })

  it('of a kind that cannot be used is a wrong usage', async () => {
    const env = { ALL_PROXY: 'socks5://user:canary@127.0.0.1:1080' }
    const result = await bed.cp(['small.txt', 's3://test/none'], { env })
    expect(result.code).toBe(2)
    expect(result.err).toContain('ALL_PROXY names a socks5 proxy')
    expect(result.err).not.toContain('canary')
  })
})

describe('NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
  it('is warned of once, and opens no door to the store', async () => {
    await using front = await startWireTap(bed.store.port, { secure: server })
    const { accessKeyId, secretAccessKey } = bed.store.credentials
    const script = `for (let count = 0; count < 2; count += 1) {
        const engine = new TransferEngine(options)
        await engine.upload(Buffer.from('x'), 's3://test/none').catch((e) => console.log(e.code))
        await engine.close()
      }`
    const result = await runScript(script, {
      engine: {
        endpoint: front.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId, secretAccessKey },
        workers: 1,
        proxy: 'none',
      },
      env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    })
    expect(result.stdout).toBe('ERR_TLS\nERR_TLS\n')
    expect(result.stderr.match(/\[TLS_UNVERIFIED\]/g)).toHaveLength(1)
    expect(result.stderr).toContain('unset it')
  })
})
