/**
 * Flags about the connection that go under another name than the engine's, as AWS tools spell them.
 */

import { Option } from 'commander'
import { readFileSync } from 'node:fs'
import type { EngineOptions } from '../index.ts'
import { engineOptionsFrom, type FlagValues } from './flags.ts'
import { unreadableFile } from './object-flags.ts'
import { UsageError } from './usage-error.ts'

/** Beside those of the option table. */
export function connectionFlags(): Option[] {
  const flags = [
    new Option('--no-verify-ssl', 'Accept any certificate'),
    new Option('--ca-bundle <file>', 'PEM certificates to trust').env('AWS_CA_BUNDLE'),
    new Option('--no-sign-request', 'Send unsigned requests, for public objects'),
  ]
  return flags.map((option) => option.helpGroup('Connection:'))
}

/** All options of the engine that were given as flags. @throws UsageError */
export function engineOptionsOf(values: FlagValues): EngineOptions {
  const { caBundle } = values
  return {
    ...engineOptionsFrom(values),
    ...(values['signRequest'] === false ? { credentials: 'anonymous' as const } : {}),
    ...(values['verifySsl'] === false ? { tlsVerify: false } : {}),
    ...(values['recordUploads'] === false ? { recordUploads: false } : {}),
    ...(typeof caBundle === 'string' ? { tlsCa: readCertificates(caBundle) } : {}),
  }
}

function readCertificates(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadableFile('--ca-bundle', path, error)
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  const message = `The file of --ca-bundle, ${path}, has no PEM certificate.`
  throw new UsageError('ERR_OPTION_INVALID', message, 'Give a file of PEM certificates.')
}
