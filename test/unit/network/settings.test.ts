import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isTransferError, type TransferError } from '../../../src/errors.ts'
import { pack, resolveNetwork, unpack, type NetworkOptions } from '../../../src/network/settings.ts'
import { resolveOptions } from '../../../src/options.ts'
import { certificateAuthority } from '../../helpers/self-signed.ts'

const { ca, client, server } = certificateAuthority()
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encrypted = privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'canary-phrase' })
  .toString()

function refusalOf(work: () => unknown): TransferError {
  try {
    work()
  } catch (error) {
    if (isTransferError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('TLS options', () => {
  it('come out as settings, with the key among the secrets', () => {
    const options = {
      tlsCa: ca,
      tlsCert: client.cert,
      tlsKey: client.key,
      tlsMinVersion: 'TLSv1.3',
    }
    expect(resolveNetwork(options as NetworkOptions, {})).toEqual({
      tls: { ca, cert: client.cert, minVersion: 'TLSv1.3', rejectUnauthorized: true },
      proxies: undefined,
      secrets: { key: client.key, passphrase: undefined, proxyAuthorization: {} },
    })
  })

  it.each<[string, NetworkOptions, string]>([
    ['tlsCa', { tlsCa: '/etc/ssl/ca.pem' }, 'not a path'],
    ['tlsCa', { tlsCa: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }, 'be read'],
    ['tlsCa', { tlsCa: server.key }, 'that holds a certificate'],
    ['tlsCert', { tlsCert: 'client.pem', tlsKey: client.key }, 'not a path'],
    ['tlsCert', { tlsCert: client.cert }, 'needs `tlsKey`'],
    ['tlsKey', { tlsKey: client.key }, 'needs `tlsCert`'],
    ['tlsPassphrase', { tlsPassphrase: 'canary' }, 'needs `tlsKey`'],
    ['tlsKey', { tlsCert: client.cert, tlsKey: server.key }, 'another certificate'],
    ['tlsKey', { tlsCert: client.cert, tlsKey: 'canary' }, 'a PEM private key'],
    ['tlsKey', { tlsCert: client.cert, tlsKey: encrypted }, 'to come with `tlsPassphrase`'],
    [
      'tlsKey',
      { tlsCert: client.cert, tlsKey: encrypted, tlsPassphrase: 'canary' },
      'that `tlsPassphrase` opens',
    ],
  ])('%s that cannot be used is refused early and not shown: %j', (option, options, says) => {
    const error = refusalOf(() => resolveNetwork(options, {}))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
    expect(error.message).toContain(says)
    expect(JSON.stringify(error)).not.toMatch(/canary|PRIVATE KEY/)
  })

  it('an encrypted key is opened by its passphrase', () => {
    const options = { tlsCert: client.cert, tlsKey: encrypted, tlsPassphrase: 'canary-phrase' }
    const error = refusalOf(() => resolveNetwork(options, {}))
    expect(error.message, 'it was opened, and is not the one of the certificate').toContain(
      'another certificate',
    )
  })

  it('leave a key in the file of a certificate behind', () => {
    const [combined, authority] = [client, { cert: ca, key: server.key }].map(
      ({ cert, key }) => `Bag Attributes\n${key}${cert}subject=x\r\n${key}${ca}`,
    )
    const options = { tlsCa: authority, tlsCert: combined, tlsKey: client.key }
    const { tls } = resolveNetwork(options, {})
    expect(tls).toMatchObject({ ca: `${ca}${ca}`, cert: `${client.cert}${ca}` })
  })

  it.each(['tlsCa', 'tlsCert', 'tlsKey', 'tlsPassphrase', 'proxy', 'target', 'workers'])(
    '%s of a wrong type is not shown',
    (option) => {
      const text = '-----BEGIN PRIVATE KEY----- canary'
      for (const value of [Buffer.from(text), [text], Object.create(null), Symbol('canary')]) {
        const error = refusalOf(() => resolveOptions({ [option]: value }))
        expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
        expect(error.message).toContain(`got another value (${typeof value})`)
        expect(JSON.stringify(error)).not.toMatch(/canary|PRIVATE/)
      }
    },
  )
})

describe('secrets', () => {
  it('travel in shared memory', () => {
    const secrets = {
      key: 'clé',
      passphrase: 'x',
      proxyAuthorization: { https: 'Basic eA==' },
    }
    expect(unpack(structuredClone(pack(secrets)))).toEqual(secrets)
    expect(JSON.stringify({ secrets: pack(secrets) })).toBe('{"secrets":{}}')
  })
})
