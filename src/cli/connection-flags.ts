/**
 * Flags about the connection that go under another name than the engine's, as AWS tools spell them.
 */

import { Option } from 'commander'
import { readFileSync } from 'node:fs'
import type { EngineOptions } from '../index.ts'
import { engineOptionsFrom, type FlagValues } from './flags.ts'
import { unreadableFile } from './object-flags.ts'
import { UsageError } from './usage-error.ts'

/** Not a flag: the arguments of a process are shown to everybody on the machine. */
const PASSPHRASE_ENV = 'TRANSFER_ENGINE_TLS_PASSPHRASE'

const WITHOUT_CHECKSUMS = { requestChecksumCalculation: 'WHEN_REQUIRED' } as const

/** Beside those of the option table. */
export function connectionFlags(): Option[] {
  const flags = [
    new Option('--no-verify-ssl', 'Accept any certificate'),
    new Option('--ca-bundle <file>', 'PEM certificates to trust').env('AWS_CA_BUNDLE'),
    new Option('--client-cert <file>', 'PEM client certificate, for stores that ask for one'),
    new Option(
      '--client-key <file>',
      `PEM private key of it; ${PASSPHRASE_ENV} opens an encrypted one`,
    ),
    new Option('--no-sign-request', 'Send unsigned requests, for public objects'),
    new Option(
      '--no-checksums',
      'Send no checksum that nobody asked for; bodies are signed instead',
    ),
  ]
  return flags.map((option) => option.helpGroup('Connection:'))
}

/** All options of the engine that were given as flags. @throws UsageError */
export function engineOptionsOf(
  values: FlagValues,
  env: Readonly<Record<string, string | undefined>> = process.env,
): EngineOptions {
  const { caBundle, clientCert, clientKey } = values
  const passphrase = env[PASSPHRASE_ENV]
  return {
    ...engineOptionsFrom(values),
    ...(values['signRequest'] === false ? { credentials: 'anonymous' as const } : {}),
    ...(values['checksums'] === false ? WITHOUT_CHECKSUMS : {}),
    ...(values['verifySsl'] === false ? { tlsVerify: false } : {}),
    ...(values['recordUploads'] === false ? { recordUploads: false } : {}),
    ...(values['resume'] === false ? { resume: 'off' as const } : {}),
    ...(typeof caBundle === 'string' ? { tlsCa: readPem('--ca-bundle', caBundle) } : {}),
    ...(typeof clientCert === 'string' ? { tlsCert: readPem('--client-cert', clientCert) } : {}),
    ...(typeof clientKey === 'string' ? { tlsKey: readPem('--client-key', clientKey) } : {}),
    ...(typeof clientKey === 'string' && passphrase ? { tlsPassphrase: passphrase } : {}),
  }
}

function readPem(flag: string, path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadableFile(flag, path, error)
  }
  const [what, pattern] =
    flag === '--client-key'
      ? ['private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/]
      : ['certificate', /-----BEGIN CERTIFICATE-----/]
  if (pattern.test(text)) return text
  const message = `The file of ${flag}, ${path}, has no PEM ${what}.`
  throw new UsageError('ERR_OPTION_INVALID', message, `Give a file with a PEM ${what}.`)
}
