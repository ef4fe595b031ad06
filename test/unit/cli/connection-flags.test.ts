import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engineOptionsOf } from '../../../src/cli/connection-flags.ts'
import { engineFlags } from '../../../src/cli/flags.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()

describe('flags with names of their own', () => {
  it.each([
    [{ recordUploads: false }, { recordUploads: false }],
    [{ verifySsl: false }, { tlsVerify: false }],
    [{ signRequest: false }, { credentials: 'anonymous' }],
    [{ checksums: false }, { requestChecksumCalculation: 'WHEN_REQUIRED' }],
    [{ provider: 'r2' }, { provider: 'r2' }],
    [{ recordUploads: true, verifySsl: true, signRequest: true, checksums: true }, {}],
    [{ endpointUrl: 'http://127.0.0.1:1' }, { endpoint: 'http://127.0.0.1:1' }],
  ])('%j are %j to the engine', (values, options) => {
    expect(engineOptionsOf(values)).toEqual(options)
  })

  it('read certificates from a file, and refuse one without any', () => {
    const path = join(directory(), 'ca.pem')
    writeFileSync(path, '-----BEGIN CERTIFICATE-----\n')
    expect(engineOptionsOf({ caBundle: path })).toEqual({ tlsCa: '-----BEGIN CERTIFICATE-----\n' })
    writeFileSync(path, 'no certificate')
    const invalid = expect.objectContaining({ code: 'ERR_OPTION_INVALID' })
    expect(() => engineOptionsOf({ caBundle: path })).toThrow(invalid)
    expect(() => engineOptionsOf({ caBundle: join(directory(), 'none') })).toThrow(invalid)
  })
})

describe('an encrypted key', () => {
  it('is opened by a passphrase from the environment, which is nothing without a key', () => {
    const path = join(directory(), 'client.key')
    const tlsKey = '-----BEGIN ENCRYPTED PRIVATE KEY-----\n'
    writeFileSync(path, tlsKey)
    const env = { TRANSFER_ENGINE_TLS_PASSPHRASE: 'canary' }
    const values = { clientKey: path }
    expect(engineOptionsOf(values, env)).toEqual({ tlsKey, tlsPassphrase: 'canary' })
    expect(engineOptionsOf(values, { TRANSFER_ENGINE_TLS_PASSPHRASE: '' })).toEqual({ tlsKey })
    expect(engineOptionsOf({}, env)).toEqual({})
  })
})

describe('flags of a command that moves no payload', () => {
  it('are those that say where, and how patiently', () => {
    const names = engineFlags('control').map(({ long }) => long)
    expect(names).toEqual(
      expect.arrayContaining(['--endpoint-url', '--state-dir', '--read-timeout']),
    )
    expect(names).not.toContain('--part-size')
    expect(engineFlags().length).toBeGreaterThan(names.length)
  })
})
